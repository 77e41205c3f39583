"""Notifications and broadcasts."""
