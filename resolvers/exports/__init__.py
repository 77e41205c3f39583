"""Resolvers of exports."""
