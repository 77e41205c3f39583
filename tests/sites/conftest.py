"""Fixtures of the tests of sites."""

from tests.support.app import app

__all__ = ["app"]
