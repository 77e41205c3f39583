"""Fixtures of tests about spending."""

import pytest

from db.conversations import conversations
from db.conversations.conversations import NewConversation
from db.core.engine import Database
from tests.support.budgets import BudgetedConversation
from tests.support.world import World


@pytest.fixture
async def budgeted(database: Database, world: World) -> BudgetedConversation:
    ann = await world.person("ann")
    organization_id = await world.organization(ann)
    beginning = NewConversation("m", title="Costs", organization_id=organization_id)
    conversation = await database.write(conversations.create, ann, beginning)
    return BudgetedConversation(database, ann, organization_id, conversation.id)
