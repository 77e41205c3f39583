"""Fixtures of the tests of the transport."""

from collections.abc import Iterator

import pytest

from tests.support.processes.transport_app import Served, serving


@pytest.fixture(scope="session")
def shared() -> Iterator[Served]:
    """Run a server with the usual limits, for tests that leave nothing behind in it."""
    with serving() as served:
        yield served
