"""Fixtures of the tests of accounts."""

from tests.support.app import site

__all__ = ["site"]
