"""Idempotency keys: two requests with one key have one effect, also concurrently."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from auth.viewer import Viewer
from db.accounts import users
from db.conversations import conversations, sending
from db.conversations.conversations import NewConversation
from db.conversations.messages import Exchange
from db.core.engine import Database
from db.core.events import JobQueued
from db.core.idempotency import MAX_LENGTH, RETENTION, IdempotencyKey, remember
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.users import User
from errors import BadUserInput, Conflict, NotFound
from tests.support.conversations.search_samples import titles
from tests.support.world import SYSTEM, World


async def begin(database: Database, viewer: Viewer, key: str | None, title: str = "Plans") -> Conversation:
    return await database.write(conversations.create, viewer, NewConversation("model", title=title), key)


async def say(database: Database, viewer: Viewer, key: str, conversation_id: UUID | None = None) -> Exchange:
    return await database.write(
        sending.send, viewer, "Hello", conversation_id=conversation_id, models={"model": None}, idempotency_key=key
    )


async def test_the_same_key_again_returns_the_first_result(database: Database, world: World) -> None:
    ann = await world.person("ann")
    first = await begin(database, ann, "one")
    again = await begin(database, ann, "one", title="Other plans")
    assert (again.id, again.title) == (first.id, "Plans")
    assert await titles(database, ann) == ["Plans"]
    assert (await begin(database, ann, "two")).id != first.id
    assert (await begin(database, ann, None)).id != (await begin(database, ann, None)).id


async def test_a_key_is_of_one_person_and_one_operation(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    mine, theirs = await begin(database, ann, "key"), await begin(database, eve, "key", "Eve's")
    assert mine.id != theirs.id
    assert await titles(database, eve) == ["Eve's"]
    text = await say(database, ann, "key")
    assert text.conversation.id != mine.id
    assert (await say(database, ann, "key")).message.id == text.message.id


async def test_a_superuser_s_key_is_their_own_although_they_read_the_keys_of_all(
    database: Database, world: World
) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    root = Viewer(eve.user_id, is_superuser=True)
    mine = await begin(database, ann, "key")
    theirs = await begin(database, root, "key", "Root's")
    assert (theirs.id != mine.id, theirs.title) == (True, "Root's")
    assert (await begin(database, root, "key", "Again")).id == theirs.id
    assert await titles(database, root) == ["Root's", "Plans"]


async def test_what_comes_at_once_with_one_key_is_made_once(database: Database, world: World) -> None:
    ann = await world.person("ann")
    async with asyncio.timeout(20):
        text = await asyncio.gather(*(say(database, ann, "key") for _ in range(20)))
    assert len({exchange.reply.id for exchange in text}) == 1
    assert await titles(database, ann) == ["Hello"]
    assert [type(event) for event in world.published] == [JobQueued]


async def test_who_comes_second_finds_the_result_and_not_what_stands_in_the_way_of_another(
    database: Database, world: World
) -> None:
    ann = await world.person("ann")
    conversation = await begin(database, ann, None)
    async with asyncio.timeout(20):
        text = await asyncio.gather(*(say(database, ann, "key", conversation.id) for _ in range(20)))
    assert len({exchange.reply.id for exchange in text}) == 1
    with pytest.raises(Conflict, match="still being written"):
        await say(database, ann, "other", conversation.id)


async def test_a_key_that_was_forgotten_is_used_once_by_all_who_come_at_once(database: Database, world: World) -> None:
    ann = await world.person("ann")
    first = await begin(database, ann, "key")

    def age(session: Session) -> None:
        session.scalars(select(IdempotencyKey)).one().created_at -= RETENTION

    await database.write(age, SYSTEM)
    async with asyncio.timeout(20):
        begun = await asyncio.gather(*(begin(database, ann, "key") for _ in range(20)))
    assert len({conversation.id for conversation in begun} - {first.id}) == 1
    assert len(await titles(database, ann)) == 2


async def test_a_key_is_forgotten_after_a_day(database: Database, world: World) -> None:
    ann = await world.person("ann")
    first = await begin(database, ann, "key")

    def age(session: Session) -> None:
        session.scalars(select(IdempotencyKey)).one().created_at -= RETENTION

    await database.write(age, SYSTEM)
    second = await begin(database, ann, "key")
    assert second.id != first.id
    assert (await begin(database, ann, "key")).id == second.id


async def test_a_failure_is_not_remembered(database: Database, world: World) -> None:
    ann = await world.person("ann")
    with pytest.raises(BadUserInput):
        await begin(database, ann, "key", title="x" * 1_000)
    assert (await begin(database, ann, "key")).title == "Plans"


@pytest.mark.parametrize("key", ["", "x" * (MAX_LENGTH + 1), "a\x00b"])
async def test_a_key_has_a_length(database: Database, world: World, key: str) -> None:
    ann = await world.person("ann")
    with pytest.raises(BadUserInput) as refused:
        await begin(database, ann, key)
    assert [error.field for error in refused.value.fields] == ["idempotencyKey"]
    assert await titles(database, ann) == []


async def test_a_key_of_either_length_and_of_a_sign_up_is_checked(database: Database, world: World) -> None:
    ann = await world.person("ann")
    for key in ("x", "x" * MAX_LENGTH):
        assert (await begin(database, ann, key)).id == (await begin(database, ann, key)).id
    for key in ("", "a\x00b"):
        with pytest.raises(BadUserInput):
            await database.write(users.sign_up, SYSTEM, "bob@example.com", "hash", "Bob", "", key)
        with pytest.raises(BadUserInput):
            await database.write(remember, SYSTEM, UUID(int=1), "signUp", key, [])
    query = select(func.count(User.id))
    assert await database.write(lambda session: session.scalars(query).one(), SYSTEM) == 1


async def test_a_result_that_is_gone_is_not_made_again(database: Database, world: World) -> None:
    ann = await world.person("ann")
    first = await begin(database, ann, "key")
    await database.write(conversations.update, ann, first.id, {"deleted_at": first.created_at})
    with pytest.raises(NotFound):
        await begin(database, ann, "key")
    assert await titles(database, ann) == []


async def test_signing_up_twice_with_one_key_makes_one_account(database: Database) -> None:
    arguments = ("ann@example.com", "hash", "Ann", "Lee")

    async def sign_up(key: str) -> Any:
        return await database.write(users.sign_up, SYSTEM, *arguments, key)

    results = await asyncio.gather(*(sign_up("key") for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["User"]
    count: Prepared[Any] = Prepared(select(func.count(User.id).label("total")))
    assert [row.total for row in await database.read(count, SYSTEM)] == [1]
    known = await database.read_one(users.by_email_and_key, SYSTEM, email="ann@example.com", key="key")
    assert known is not None
    assert (known.first_name, known.is_superuser) == ("Ann", False)
    for email, key in (("ann@example.com", "other"), ("eve@example.com", "key")):
        assert await database.read_one(users.by_email_and_key, SYSTEM, email=email, key=key) is None
    with pytest.raises(Conflict):
        await sign_up("other")
