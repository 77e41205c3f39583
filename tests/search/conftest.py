"""Fixtures of the tests of search."""

from tests.support.app import site
from tests.support.scripted_llm import dictation, online

__all__ = ["dictation", "online", "site"]
