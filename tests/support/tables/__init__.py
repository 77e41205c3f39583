"""Helpers of tests about tables and proposals."""
