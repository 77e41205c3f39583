"""Runs GraphQL operations on a Strawberry schema within limits; knows nothing of the application."""
