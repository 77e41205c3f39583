"""Readers of tables in pasted text: one format per file, one pass each."""
