"""Resolvers of conversations, messages, replies, ratings and share links."""
