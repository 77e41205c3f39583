"""Conversations, messages and their branches, replies and share links."""
