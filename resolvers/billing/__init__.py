"""Resolvers of usage and budgets."""
