"""Webhooks: their deliveries, and the events that they are told."""
