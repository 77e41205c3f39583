"""Resolvers that restore deleted rows."""
