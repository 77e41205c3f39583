"""Exports of tables."""
