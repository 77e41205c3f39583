"""Resolvers of proposals."""
