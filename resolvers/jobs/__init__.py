"""Resolvers of background jobs."""
