"""Imports into tables."""
