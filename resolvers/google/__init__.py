"""Resolvers of Google accounts."""
