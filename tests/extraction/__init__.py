"""Corpus of pasted texts with their expected tables, and the scores of reading them."""
