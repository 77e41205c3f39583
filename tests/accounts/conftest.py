"""Fixtures of the tests of accounts."""

from tests.support.app import app

__all__ = ["app"]
