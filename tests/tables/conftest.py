"""Fixtures of tests about tables."""

from pathlib import Path

import pytest

from tests.support.tables.table_client import TableClient
from tests.support.world import World


@pytest.fixture
async def sheet(world: World, tmp_path: Path) -> TableClient:
    """Create an empty table of a new user."""
    return await TableClient.new(world, tmp_path)
