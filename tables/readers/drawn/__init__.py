"""Readers of tables whose columns are drawn with spaces, or stand under runs of dashes."""
