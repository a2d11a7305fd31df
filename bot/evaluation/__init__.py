"""How good retrieval and answers are, on anyone's corpus and questions."""
