"""Copies of a database: consistent while it is used, and verified."""
