"""Inspection of databases and of the statements they run, for tests."""
