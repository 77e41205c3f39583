"""Resolvers of reports."""
