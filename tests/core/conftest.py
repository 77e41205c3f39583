"""Fixtures of the data layer: users with conversations, an empty database, reads that never end."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from auth.viewer import Viewer
from db.conversations import conversations
from db.conversations.conversations import NewConversation
from resolvers.core.pages import KeysetPage
from tests.support.conversations.search_samples import create_conversation
from tests.support.databases.endless_reads import counted_reads, drain
from tests.support.processes.postgres import Postgres
from tests.support.world import World

__all__ = ["counted_reads"]


@pytest.fixture
async def ann(world: World) -> Viewer:
    """Return a user with one conversation, which has one message."""
    ann = await world.person("ann")
    await world.database.write(create_conversation, ann, "secret")
    return ann


@pytest.fixture
async def eve(world: World) -> Viewer:
    """Return a user without conversations, who shares no organization with `ann`."""
    return await world.person("eve")


@pytest.fixture
async def lister(world: World) -> Viewer:
    """Return a user with the conversations 0 to 6, created in turns with those of a stranger."""
    lister, stranger = await world.person("ann"), await world.person("eve")
    for number in range(7):
        for viewer, title in ((lister, str(number)), (stranger, "another's")):
            await world.database.write(conversations.create, viewer, NewConversation("model", title=title))
    return lister


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a database without tables, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'deep' / 'empty.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    asyncio.run(server.create_database(name))
    yield server.url(name)
    asyncio.run(server.drop_database(name))


@pytest.fixture
def endless_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every page of a list an endless read."""

    async def read(self: Any, *_: Any, **__: Any) -> list[Any]:
        return await drain(self._database, self._viewer)

    monkeypatch.setattr(KeysetPage, "_read", read)
