"""Revisions of a table, undo, and the table as of an earlier revision."""
