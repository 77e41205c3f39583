"""Reasons for refusing a file."""


class DocumentRefused(Exception):
    """The file cannot be read; the message says why and what to do."""
