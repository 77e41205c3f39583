"""Fixtures of proposals: a conversation whose replies hold tables."""

from pathlib import Path

import pytest

from tests.support.in_process_product import InProcessProduct
from tests.support.tables.proposal_chat import Chat, begun
from tests.support.world import World


@pytest.fixture
async def chat(world: World, tmp_path: Path) -> Chat:
    return await begun(InProcessProduct(world, tmp_path), await world.person("ann"))


COST_COLUMNS = [
    {"name": "Item", "type": "TEXT", "isUnique": True},
    {"name": "Price", "type": "DECIMAL"},
    {"name": "Number", "type": "INTEGER", "maximum": "100"},
]


@pytest.fixture
async def costs_chat(world: World, tmp_path: Path) -> Chat:
    """The table has Tea at 3.20, which a person entered, and two of it."""
    costs_chat = await begun(InProcessProduct(world, tmp_path), await world.person("ann"))
    created = await costs_chat.mutate("createTable", "{ table { id } }", name="Costs", columns=COST_COLUMNS)
    costs_chat.id = created["table"]["id"]
    await costs_chat.add({"Item": "Tea", "Price": "3.20", "Number": 2})
    return costs_chat
