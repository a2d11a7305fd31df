"""How things are put into words for people, whichever door shows them."""
