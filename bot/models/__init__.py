"""What is learned: the reader, the kinds of questions, and how they are trained."""
