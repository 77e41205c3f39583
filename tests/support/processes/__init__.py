"""Servers, browsers and processes that tests start."""
