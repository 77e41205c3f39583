"""Fixtures of the tests of conversations."""

from tests.support.app import site
from tests.support.processes.several_processes import installation
from tests.support.scripted_llm import dictation, online

__all__ = ["dictation", "installation", "online", "site"]
