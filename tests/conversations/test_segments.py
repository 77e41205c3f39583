"""Segments: in any tree of messages, each branch is read as its path from the first message."""

import asyncio
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import select

from auth.viewer import Viewer
from db.conversations import branches, conversations, segments
from db.conversations.conversations import NewConversation
from db.core.engine import Database
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.migrations import configuration
from db.models.branches import BranchSegment
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole, MessageStatus
from errors import BadUserInput
from tests.support.databases.inspection import inspect_database
from tests.support.world import World, database_at

segments_of: Prepared[BranchSegment] = Prepared(
    select(BranchSegment).where(BranchSegment.conversation_id == bind("conversation_id", BranchSegment.conversation_id))
)
messages_of: Prepared[Message] = Prepared(
    select(Message).where(Message.conversation_id == bind("conversation_id", Message.conversation_id))
)


def add_message(session: Session, conversation: Conversation, parent: Message | None) -> Message:
    """Add a message after `parent`."""
    message = Message(
        conversation_id=conversation.id,
        role=MessageRole.USER,
        text="",
        status=MessageStatus.COMPLETED,
        **segments.columns_after(session, conversation, parent, "parentId"),
    )
    session.add(message)
    conversation.message_count += 1
    session.flush()
    return message


def create_tree(session: Session, parents: list[int | None]) -> tuple[Conversation, list[UUID]]:
    """Create a conversation from the index of each message's parent; return it with the message ids."""
    conversation = conversations.create(session, NewConversation("model", title="Tree"))
    text: list[Message] = []
    for parent in parents:
        text.append(add_message(session, conversation, None if parent is None else text[parent]))
    return conversation, [message.id for message in text]


def random_parents(size: int, seed: int) -> list[int | None]:
    """Return random parents: mostly the previous message, sometimes an earlier one or none."""
    chance = random.Random(seed)

    def parent(number: int) -> int | None:
        if number == 0 or chance.random() < 0.05:
            return None
        return number - 1 if chance.random() < 0.6 else chance.randrange(number)

    return [parent(number) for number in range(size)]


def path_to_root(parents: list[int | None], number: int | None) -> Iterator[int]:
    """Yield the indexes from a message to the first one of its branch."""
    while number is not None:
        yield number
        number = parents[number]


class Tree:
    """Random tree of messages in a database, read by index."""

    def __init__(self, database: Database, viewer: Viewer, conversation_id: UUID, ids: list[UUID]) -> None:
        self._database, self._viewer = database, viewer
        self._conversation_id, self._ids = conversation_id, ids

    async def read(self, query: Any, **arguments: Any) -> list[int]:
        named = {name: self._ids[value] if name != "limit" else value for name, value in arguments.items()}
        rows = await self._database.read(query, self._viewer, conversation_id=self._conversation_id, **named)
        return [self._ids.index(row.id) for row in rows]


async def test_every_page_of_every_branch_equals_the_path_over_the_parents(world: World) -> None:
    ann, parents = await world.person("ann"), random_parents(60, seed=4)
    conversation, ids = await world.database.write(create_tree, ann, parents)
    tree = Tree(world.database, ann, conversation.id, ids)
    for leaf in range(0, 60, 3):
        whole = list(path_to_root(parents, leaf))[::-1]
        middle = len(whole) // 2
        at = {"leaf_id": leaf, "cursor": whole[middle]}
        assert await tree.read(branches.last_page, leaf_id=leaf, limit=5) == whole[:-6:-1]
        assert await tree.read(branches.first_page, leaf_id=leaf, limit=5) == whole[:5]
        assert await tree.read(branches.page_after, **at, limit=5) == whole[middle + 1 :][:5]
        assert await tree.read(branches.page_before, **at, limit=5) == whole[:middle][:-6:-1]
        below = [number for number in range(60) if leaf in path_to_root(parents, number)]
        assert await tree.read(branches.newest_descendant, message_id=leaf) == [max(below)]
    beginnings = [row.id for row in await world.database.read(segments.root_lines_of, ann, ids=[conversation.id])]
    assert beginnings == [id_ for id_, parent in zip(ids, parents, strict=True) if parent is None]


async def test_a_line_goes_on_at_its_end_and_nothing_is_added_for_it(world: World) -> None:
    ann = await world.person("ann")
    conversation, ids = await world.database.write(create_tree, ann, [None, 0, 1, 2, 3])
    (only,) = await world.database.read(segments_of, ann, conversation_id=conversation.id)
    assert (only.id, only.line_id, only.along_id) == (ids[0], ids[0], ids[0])
    assert (only.first_depth, only.last_depth) == (1, 5)


@pytest.mark.parametrize(
    ("name", "limit", "message"), [("MAX_LINES", 3, "3 branches"), ("MAX_SEGMENTS", 2, "branched 2 times")]
)
async def test_new_branches_are_limited_and_continuing_one_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, limit: int, message: str
) -> None:
    monkeypatch.setattr(segments, name, limit)
    ann = await world.person("ann")
    # Every second message begins a branch off the previous line.
    conversation, ids = await world.database.write(create_tree, ann, [None, 0, 0, 2, 2, 4, 5])

    def answer(session: Session, number: int) -> None:
        at = session.get_for_update(Conversation, conversation.id)
        add_message(session, at, session.get(Message, ids[number]))

    with pytest.raises(BadUserInput, match=message) as refused:
        await world.database.write(answer, ann, 4)
    assert [error.field for error in refused.value.fields] == ["parentId"]
    await world.database.write(answer, ann, 6)
    assert len(await world.database.read(messages_of, ann, conversation_id=conversation.id)) == 8


def stored_lines(database_url: str, viewer: Viewer, conversation_id: UUID) -> Any:
    """Return the line and depth of each message, and the segments of each line."""

    async def read() -> Any:
        database = database_at(database_url)
        await database.start()
        try:
            result = await database.read(messages_of, viewer, conversation_id=conversation_id)
            along = await database.read(segments_of, viewer, conversation_id=conversation_id)
        finally:
            await database.stop()
        return (
            {row.id: (row.line_id, row.depth) for row in result},
            sorted((row.line_id, row.first_depth, row.last_depth, row.along_id) for row in along),
        )

    return asyncio.run(read())


@pytest.mark.parametrize("kind", ["sqlite_url", "own_postgres_url"])
def test_the_migration_puts_older_messages_on_lines(request: pytest.FixtureRequest, kind: str) -> None:
    url: str = request.getfixturevalue(kind)

    async def write() -> tuple[Viewer, list[UUID]]:
        database = database_at(url)
        await database.start()
        try:
            ann = await World(database).person("ann")
            trees = [await database.write(create_tree, ann, random_parents(40, seed)) for seed in (1, 2)]
        finally:
            await database.stop()
        return ann, [conversation.id for conversation, _ in trees]

    ann, conversation_ids = asyncio.run(write())
    before = [stored_lines(url, ann, id_) for id_ in conversation_ids]

    def again(connection: Any) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.downgrade(config, "0010_departed_accounts")
        command.upgrade(config, "head")
        connection.commit()

    inspect_database(url, again)
    assert [stored_lines(url, ann, id_) for id_ in conversation_ids] == before
    assert len({line for line, _ in before[0][0].values()}) > 5
