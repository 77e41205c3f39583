"""Fixtures of the tests of search."""

from tests.support.app import app
from tests.support.scripted_llm import llm_app, scripted_llm

__all__ = ["app", "llm_app", "scripted_llm"]
