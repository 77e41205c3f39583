"""Fixtures of metrics: a registry for one test."""

from collections.abc import Iterator

import pytest

from telemetry import metrics
from telemetry.registry import Registry


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Return the registry that everything is recorded in during the test."""
    metrics.disable()
    yield metrics.enable()
    metrics.disable()
