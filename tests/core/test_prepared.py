"""Prepared reads: both databases return the values that were written, and no parameter replaces the viewer."""

from datetime import datetime, timedelta
from enum import Enum
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect, select

from db.conversations import conversations
from db.conversations.conversations import NewConversation
from db.core.base import Base, now
from db.core.dialect_sql import OneOf
from db.core.engine import Database
from db.core.prepared import MAX_VARIANTS, Prepared, bind, iso_of_text
from db.core.session import Session
from db.jobs import jobs
from db.models.conversations import Conversation, ExtractionMode
from db.models.jobs import Job, JobStatus
from resolvers.core.ids import model_of
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
        record: Any = await database.find(type(row), ann, row.id)
        columns = [column.key for column in type(row).__mapper__.column_attrs]
        expected = {name: getattr(row, name) for name in columns}
        assert {name: getattr(record, name) for name in columns} == expected
        for name, value in record.stored_values.items():
            stored = record[value.index]
            assert stored is None or type(stored) is value.stored_type, name
            text = stored if stored is None or value.serialize is None else value.serialize(stored)
            assert text == _serialized(expected[name]), name
        if isinstance(row, Job):
            assert row.arguments == arguments
            assert isinstance(getattr(record, "status", None), JobStatus)


def _serialized(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    return None if value is None else value.isoformat()


@pytest.mark.parametrize("text", ["14:30:00.000000", "14:30:00.120000", "14:30:00", "14:30:00.120", "00:00:00.000001"])
def test_a_stored_time_is_written_as_the_time_itself(text: str) -> None:
    stored = f"2026-01-31 {text}"
    assert iso_of_text(stored) == datetime.fromisoformat(f"{stored}+00:00").isoformat()


async def test_a_query_of_some_attributes_reads_no_others(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    await database.write(create_conversation, ann, "Plans")
    query: Prepared[Conversation] = Prepared(select(Conversation).order_by(Conversation.id))
    some = query.only(frozenset({"title", "created_at"}))
    (row,), (whole,) = await database.read(some, ann), await database.read(query, ann)
    assert (row.id, row.title, row.created_at) == (whole.id, whole.title, whole.created_at)
    assert model_of(row) is Conversation
    with pytest.raises(AttributeError):
        _ = row.owner_id
    assert await database.read(some, eve) == []
    assert query.only(frozenset({"title", "created_at"})) is some
    assert query.only(None) is query.only(frozenset({"title", "is_active"})) is query


def test_a_query_has_a_limited_number_of_variants() -> None:
    query: Prepared[Conversation] = Prepared(select(Conversation))
    names = sorted(inspect(Conversation).column_attrs.keys())
    variants = [query.only(frozenset({name})) for name in names]
    assert [variant is query for variant in variants] == [False] * MAX_VARIANTS + [True] * (len(names) - MAX_VARIANTS)
    assert query.only(frozenset({names[0]})) is variants[0]


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
