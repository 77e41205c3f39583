"""Edits of tables: rows, cells and columns, buffered and written as one revision."""
