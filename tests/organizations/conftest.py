"""Fixtures of the tests of organizations."""

from tests.support.app import app

__all__ = ["app"]
