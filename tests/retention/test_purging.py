"""Erasure of expired tokens and keys, and of rows deleted long ago with everything that refers to them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint, select

from db.accounts.sessions import create
from db.core.base import Base, Visibility, now
from db.core.engine import Database
from db.core.idempotency import RETENTION, IdempotencyKey
from db.core.session import INSIDE, Session
from db.models.conversations import Conversation
from db.models.items import Item
from db.models.messages import Message
from db.models.sessions import RefreshToken, SignIn
from db.models.verifications import Purpose, Verification
from db.retention.erasure import erase
from db.retention.purging import DELETED, GRACE, purge_batch
from db.sites import items
from tests.support.conversations.search_samples import create_conversation, user_message
from tests.support.world import SYSTEM, World

MONTH = timedelta(days=30)


async def ids(database: Database, model: type[Base]) -> set[Any]:
    """Return the ids of all rows, deleted ones included."""
    return set(await database.write(lambda s: s.scalars(select(model.id), execution_options=INSIDE).all(), SYSTEM))


async def test_what_is_good_no_more_is_erased_and_the_rest_stays(database: Database, world: World) -> None:
    ann = await world.person("ann")
    moment = now()

    def fill(session: Session) -> list[Any]:
        assert ann.user_id is not None
        month, stored = timedelta(days=30), []
        for digest, expires, revoked in (
            (b"a" * 32, moment - GRACE * 2, None),
            (b"b" * 32, moment + month, moment - GRACE * 2),
            (b"c" * 32, moment + month, moment - GRACE / 2),
            (b"d" * 32, moment + month, None),
        ):
            sign_in = create(session, ann.user_id, digest, month, user_agent=None, ip_address=None)
            sign_in.expires_at, sign_in.revoked_at = expires, revoked
            stored.append(sign_in.id)
        for key, age in (("old", RETENTION * 2), ("new", RETENTION / 2)):
            row = IdempotencyKey(user_id=ann.user_id, operation="x", key=key, result=[], created_at=moment - age)
            session.add(row)
            stored.append(row.id)
        for digest, expires in ((b"e" * 32, moment - GRACE), (b"f" * 32, moment + GRACE)):
            arguments = {"user_id": ann.user_id, "purpose": Purpose.VERIFY_EMAIL, "email": "ann@example.com"}
            verification = Verification(**arguments, digest=digest, expires_at=expires)
            session.add(verification)
            stored.append(verification.id)
        return stored

    created = await database.write(fill, SYSTEM)
    assert await database.write(purge_batch, SYSTEM, 100, moment - MONTH) < 100
    left = [await ids(database, model) for model in (SignIn, IdempotencyKey, Verification)]
    assert left == [{created[2], created[3]}, {created[5]}, {created[7]}]
    assert len(await ids(database, RefreshToken)) == 2


async def test_what_was_deleted_is_erased_after_its_time_with_what_hangs_on_it(
    database: Database, world: World
) -> None:
    ann = await world.person("ann")
    old, _ = await database.write(create_conversation, ann, "Old")
    new, message = await database.write(create_conversation, ann, "New")
    item = await database.write(items.create, ann, items.NewItem("About both", conversation_id=old.id))

    def delete(session: Session) -> None:
        session.add_all([user_message(old.id, str(n)) for n in range(7)])
        session.get(Conversation, old.id).deleted_at = now() - MONTH - GRACE
        session.get(Conversation, new.id).deleted_at = now() - MONTH + GRACE

    await database.write(delete, SYSTEM)
    rounds = 1
    while await database.write(purge_batch, SYSTEM, 3, now() - MONTH):
        rounds += 1
    assert rounds > 9 // 3  # of at most three rows each
    assert (await ids(database, Conversation), await ids(database, Message)) == ({new.id}, {message.id})
    stored = await database.find(Item, ann, item.id)
    assert stored is not None
    assert (stored.title, stored.conversation_id, stored.visibility) == ("About both", None, Visibility.PRIVATE)


async def test_only_the_product_itself_erases(database: Database, world: World) -> None:
    ann = await world.person("ann")
    conversation, _ = await database.write(create_conversation, ann, "Plans")
    with pytest.raises(AssertionError):
        await database.write(erase, ann, Conversation, Conversation.id == conversation.id, limit=1)
    assert await ids(database, Conversation) == {conversation.id}


def erasable() -> set[Table]:
    """Return the tables of erased rows, and those with references to them."""
    results = {Base.metadata.tables[model.__tablename__] for model in DELETED}
    while more := {
        key.parent.table
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table in results and key.parent.table not in results
    }:
        results |= more
    return results


def leading(table: Table) -> set[str]:
    constraints = [c for c in table.constraints if isinstance(c, PrimaryKeyConstraint | UniqueConstraint)]
    indexes: list[Index | PrimaryKeyConstraint | UniqueConstraint] = [*table.indexes, *constraints]
    return {next(iter(index.columns)).name for index in indexes}


def test_what_refers_to_a_row_that_is_erased_is_found_by_an_index() -> None:
    """Without an index, each erased row costs a scan of the referring table: give the column `index=True`."""
    gone = erasable()
    slow = {
        f"{table.name}.{key.parent.name}"
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table in gone and key.parent.name not in leading(table)
    }
    assert slow == set()
