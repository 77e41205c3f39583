"""Resolvers of notifications and broadcasts."""
