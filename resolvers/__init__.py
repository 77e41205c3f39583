"""Resolvers of all fields, by feature."""
