"""Periodic deletion of expired rows and files."""
