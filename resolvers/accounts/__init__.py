"""Resolvers of users, sessions, accounts and the audit log."""
