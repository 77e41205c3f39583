"""Pages of a PDF: their words and lines by position, and the tables in them."""
