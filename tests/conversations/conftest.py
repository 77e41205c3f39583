"""Fixtures of the tests of conversations."""

from tests.support.app import app
from tests.support.processes.several_processes import installation
from tests.support.scripted_llm import llm_app, scripted_llm

__all__ = ["app", "installation", "llm_app", "scripted_llm"]
