"""Resolvers of search."""
