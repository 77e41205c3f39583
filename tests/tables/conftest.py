"""Fixtures of tests about tables."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from db.core.engine import Database
from tests.support.databases.inspection import drop_cell_indexes
from tests.support.tables.table_client import COLUMNS, TableClient
from tests.support.world import World

STRICT: list[dict[str, Any]] = [
    {"name": "Name", "type": "TEXT", "isRequired": True, "maxLength": 10},
    {"name": "Code", "type": "DECIMAL", "isUnique": True},
    {"name": "Size", "type": "SELECT", "options": ["S", "M"], "default": "M"},
]


@pytest.fixture
async def sheet(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> TableClient:
    """Create a table of a new user with SHEET_COLUMNS and SHEET_ROWS of the test's module, where it has them."""
    sheet = await TableClient.new(world, tmp_path, getattr(request.module, "SHEET_COLUMNS", COLUMNS))
    if rows := getattr(request.module, "SHEET_ROWS", None):
        await sheet.add(*rows)
    return sheet


@pytest.fixture
async def strict(world: World, tmp_path: Path) -> TableClient:
    """Create a table whose columns have conditions."""
    return await TableClient.new(world, tmp_path, STRICT)


@pytest.fixture
async def dropped_indexes(database: Database) -> AsyncIterator[None]:
    """Drop the indexes after the test, because tests share the tables of a PostgreSQL database."""
    yield
    await drop_cell_indexes(database)
