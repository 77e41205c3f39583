"""Fixtures of the tests of organizations."""

from tests.support.app import site

__all__ = ["site"]
