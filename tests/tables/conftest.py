"""Fixtures of tests about tables."""

from pathlib import Path

import pytest

from tests.conftest import World
from tests.support.table_client import Sheet


@pytest.fixture
async def sheet(world: World, tmp_path: Path) -> Sheet:
    """Create an empty table of a new user."""
    return await Sheet.new(world, tmp_path)
