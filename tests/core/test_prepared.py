"""Prepared reads: both databases return the values that were written, and no parameter replaces the viewer."""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from db.conversations import conversations
from db.conversations.conversations import NewConversation
from db.core.base import Base, now
from db.core.engine import Database
from db.core.prepared import OneOf, Prepared, bind
from db.core.session import Session
from db.jobs import jobs
from db.models.conversations import Conversation, ExtractionMode
from db.models.jobs import Job, JobStatus
from tests.support.conversations.search_samples import create_conversation, user_message
from tests.support.world import World


async def test_every_column_reads_as_it_was_written(database: Database, world: World) -> None:
    ann = await world.person("ann")
    arguments: dict[str, Any] = {
        "text": "žluť 🙂 \\u0000",
        "numbers": [1, 2**53 - 1, 0.25, -0.0],
        "nothing": None,
        "deep": [{}],
    }

    def unit(session: Session) -> tuple[Base, ...]:
        conversation, message = create_conversation(session, "Ünïcode 🙂")
        conversation.temperature, conversation.last_message_at = 0.1, now()
        job = jobs.enqueue(session, "export", conversation.organization_id, **arguments)
        job.leased_until = now() - timedelta(days=1, microseconds=1)
        return conversation, message, job

    for row in await database.write(unit, ann):
        record = await database.find(type(row), ann, row.id)
        columns = [column.key for column in type(row).__mapper__.column_attrs]
        expected = {name: getattr(row, name) for name in columns}
        assert {name: getattr(record, name) for name in columns} == expected
        if isinstance(row, Job):
            assert row.arguments == arguments
            assert isinstance(getattr(record, "status", None), JobStatus)


async def test_lists_of_any_length_are_bound(database: Database, world: World) -> None:
    ann = await world.person("ann")
    created = [(await database.write(create_conversation, ann, title))[0].id for title in ("a", "b", "c")]
    query: Prepared[Conversation] = Prepared(
        select(Conversation).where(OneOf(Conversation.id, "wanted")).order_by(Conversation.id)
    )
    strangers = [uuid4() for _ in range(3_000)]
    for ids, result in (([], []), (created[1:2], ["b"]), ([*strangers, *created], ["a", "b", "c"]), (strangers, [])):
        rows = await database.read(query, ann, wanted=ids)
        assert [row.title for row in rows] == result
    fixed: Prepared[Conversation] = Prepared(
        select(Conversation).where(
            Conversation.title.in_(["a", "c", "x"]),
            Conversation.extraction.in_(list(ExtractionMode)),
            Conversation.created_at > bind("since", Conversation.created_at),
        )
    )
    moment = now() - timedelta(hours=1)
    assert sorted(row.title for row in await database.read(fixed, ann, since=moment)) == ["a", "c"]
    assert await database.read(fixed, ann, since=now()) == []


async def test_a_stream_is_one_snapshot_in_batches(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    for number in range(7):
        await database.write(conversations.create, ann, NewConversation("model", title=str(number)))
    query: Prepared[Conversation] = Prepared(select(Conversation).order_by(Conversation.id))
    batches: list[list[str]] = []
    async for batch in database.stream(query, ann, batch=3):
        batches.append([row.title for row in batch])
        await database.write(conversations.create, ann, NewConversation("model", title="late"))
    assert batches == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert [batch async for batch in database.stream(query, eve)] == []


async def test_a_viewer_cannot_be_chosen_by_a_parameter(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    await database.write(create_conversation, ann, "Plans")
    query: Prepared[Conversation] = Prepared(select(Conversation))
    assert await database.read(query, eve, viewer_id=ann.user_id) == []
    chosen = {"viewer_id": ann.user_id}
    assert await database.write(lambda s: s.scalars(select(Conversation), chosen).all(), eve) == []


async def test_ids_increase_in_the_order_of_creation(database: Database, world: World) -> None:
    ann = await world.person("ann")

    def unit(session: Session) -> list[UUID]:
        return [create_conversation(session, str(number))[1].id for number in range(20)]

    ids = [id_ for _ in range(5) for id_ in await database.write(unit, ann)]
    ids += [user_message(ids[0]).id for _ in range(5_000)]
    assert all(before < after for before, after in pairwise(ids))
    assert {id_.version for id_ in ids} == {7}
