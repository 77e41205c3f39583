"""Fixtures of tests about execution."""

import gc
from collections.abc import Iterator

import pytest


# graphql-core cancels the siblings of what fails, some of them before they have begun.
@pytest.fixture
def collected_at_the_end() -> Iterator[None]:
    """Collect garbage: an unawaited coroutine warns where it is collected, which fails in a named tuple."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()
