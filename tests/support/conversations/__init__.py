"""Conversations, branches and replies for tests."""
