"""Restoring, purging and erasing deleted rows."""
