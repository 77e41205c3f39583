"""Fixtures of the tests of sites."""

from tests.support.app import site

__all__ = ["site"]
