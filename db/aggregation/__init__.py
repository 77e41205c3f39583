"""Stored sums of many rows by period."""
