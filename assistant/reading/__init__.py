"""Extraction of tables from texts, by readers and by models."""
