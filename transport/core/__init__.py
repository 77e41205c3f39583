"""Errors, logs, JSON and connections shared by all of the transport."""
