"""Resolvers of sites, modules, readings and items."""
