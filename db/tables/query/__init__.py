"""Filters, sort orders, summaries and indexes of table rows."""
