"""Pages saved as text, menus and all: their lines, where among them the article stands, and what it is made into."""
