"""Metrics, health checks and logs, as operators see them."""
