"""Execution of GraphQL operations on a Strawberry schema within limits; independent of the application."""
