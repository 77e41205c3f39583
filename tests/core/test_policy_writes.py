"""Permissions of writes: a refused write changes nothing."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import make_transient_to_detached

from auth.viewer import Role, Viewer
from db.core.base import Visibility, now
from db.core.engine import Database
from db.core.idempotency import IdempotencyKey
from db.core.session import Session
from db.models.audit import AuditEntry
from db.models.conversations import Conversation
from db.models.memberships import Membership
from db.models.messages import Message
from db.models.organizations import Organization
from db.models.users import User
from errors import Forbidden, NotFound
from tests.support.conversations.search_samples import create_conversation, texts, titles, user_message
from tests.support.units import personal_organization
from tests.support.world import SYSTEM, World

SHARED = Visibility.ORGANIZATION
REFUSALS = (Forbidden, NotFound, RuntimeError, IntegrityError)


def add_child(session: Session, theirs: Conversation, _: Message) -> None:
    session.add(user_message(theirs.id))


def change_child(session: Session, _: Conversation, message: Message) -> None:
    session.get(Message, message.id).text = "changed"


def delete_child(session: Session, _: Conversation, message: Message) -> None:
    session.get(Message, message.id).deleted_at = now()


def take_child(session: Session, _: Conversation, message: Message) -> None:
    session.get(Message, message.id).conversation_id = create_conversation(session, "Mine")[0].id


def put_child(session: Session, theirs: Conversation, __: Message) -> None:
    _, message = create_conversation(session, "Mine")
    session.flush()
    message.conversation_id = theirs.id


def change(name: str, value: Callable[[Session], Any]) -> Callable[[Session, Conversation, Message], None]:
    def unit(session: Session, theirs: Conversation, _: Message) -> None:
        setattr(session.get(Conversation, theirs.id), name, value(session))

    unit.__name__ = f"change_{name}"
    return unit


def delete_for_good(session: Session, theirs: Conversation, _: Message) -> None:
    session.delete(session.get(Conversation, theirs.id))


def ask_first(session: Session, theirs: Conversation, _: Message) -> None:
    session.get_for_update(Conversation, theirs.id)


def forged(session: Session, theirs: Conversation) -> Conversation:
    """Return a row that claims to be the viewer's own, under the id of a row of another user."""
    owner, organization = session.user_id, personal_organization(session)
    mine = Conversation(id=theirs.id, owner_id=owner, organization_id=organization, title="Mine")
    mine.system_prompt = mine.model = "x"
    return mine


def add_forged(session: Session, theirs: Conversation, _: Message) -> None:
    session.add_all([forged(session, theirs), user_message(theirs.id)])


def merge_forged(session: Session, theirs: Conversation, _: Message) -> None:
    session.merge(forged(session, theirs))


def attach_forged(session: Session, theirs: Conversation, _: Message) -> None:
    make_transient_to_detached(mine := forged(session, theirs))
    session.add(mine)
    mine.title = "changed"


def bulk_update(session: Session, theirs: Conversation, _: Message) -> None:
    session.bulk_update_mappings(Conversation, [{"id": theirs.id, "title": "changed"}])


def query_update(session: Session, theirs: Conversation, _: Message) -> None:
    session.query(Conversation).filter_by(id=theirs.id).update({"title": "changed"})


def query_delete(session: Session, theirs: Conversation, _: Message) -> None:
    session.query(Conversation).filter_by(id=theirs.id).delete()


def own_connection(session: Session, _: Conversation, __: Message) -> None:
    session.connection().exec_driver_sql("UPDATE conversations SET title = 'changed'")


rename = change("title", lambda _: "changed")
ATTACKS = [
    add_child,
    change_child,
    delete_child,
    take_child,
    put_child,
    rename,
    change("visibility", lambda _: Visibility.PRIVATE),
    change("deleted_at", lambda _: now()),
    change("owner_id", lambda session: session.user_id),
    change("organization_id", personal_organization),
    delete_for_good,
    ask_first,
    add_forged,
    merge_forged,
    attach_forged,
    bulk_update,
    query_update,
    query_delete,
    own_connection,
]


async def contents(database: Database) -> list[list[Any]]:
    """Return all columns of the rows that the attacks try to change."""

    def unit(session: Session) -> list[list[Any]]:
        rows = [*session.scalars(select(Conversation)), *session.scalars(select(Message))]
        rows += [*session.scalars(select(Membership)), *session.scalars(select(AuditEntry))]
        return sorted([str(value) for key, value in sorted(vars(row).items()) if key[0] != "_"] for row in rows)

    return await database.write(unit, SYSTEM)


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, SHARED])
async def test_nobody_changes_what_is_another_s(database: Database, world: World, visibility: Visibility) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    shared = await world.organization(admin=ann, members=[bob])
    conversation, message = await database.write(create_conversation, ann, "Plans", shared, visibility)
    before = await contents(database)
    for attack in ATTACKS:
        with pytest.raises(REFUSALS):
            pytest.fail(f"{attack.__name__}: {await database.write(attack, bob, conversation, message)}")
        assert await contents(database) == before, attack.__name__
    assert await titles(database, ann) == ["Plans"]
    assert await texts(database, ann, conversation.id) == ["secret"]


async def test_a_stranger_s_refusal_does_not_say_that_there_is_something(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    conversation, message = await database.write(create_conversation, ann, "Plans")
    for attack in (add_child, change_child, ask_first, rename):
        with pytest.raises(NotFound):
            await database.write(attack, eve, conversation, message)


async def test_a_member_of_one_organization_creates_nothing_in_another(database: Database, world: World) -> None:
    ann, bob, eve = [await world.person(name) for name in ("ann", "bob", "eve")]
    shared = await world.organization(admin=ann, members=[bob])
    before = await contents(database)

    def for_another(session: Session, owner: Viewer) -> None:
        conversation, _ = create_conversation(session, "Planted", shared)
        conversation.owner_id = owner.user_id or conversation.owner_id

    with pytest.raises(NotFound):
        await database.write(create_conversation, eve, "Intruder", shared)
    for viewer, owner, refusal in ((bob, ann, Forbidden), (ann, bob, Forbidden), (eve, bob, NotFound)):
        with pytest.raises(refusal):
            await database.write(for_another, viewer, owner)
    assert await contents(database) == before


async def test_nobody_gives_away_what_is_their_own(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    shared = await world.organization(admin=ann, members=[bob])
    conversation, _ = await database.write(create_conversation, bob, "Draft", shared)

    def give(session: Session, name: str, value: UUID | None) -> None:
        setattr(session.get(Conversation, conversation.id), name, value)

    with pytest.raises(Forbidden):
        await database.write(give, bob, "owner_id", ann.user_id)
    mine = await database.write(personal_organization, bob)
    with pytest.raises(Forbidden):
        await database.write(give, bob, "organization_id", mine)
    await database.write(give, SYSTEM, "owner_id", ann.user_id)
    assert await titles(database, ann) == ["Draft"]
    assert await titles(database, bob) == []


async def test_an_admin_changes_what_members_keep_private(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    shared = await world.organization(admin=ann, members=[bob])
    conversation, message = await database.write(create_conversation, bob, "Draft", shared)
    await database.write(rename, ann, conversation, message)
    await database.write(change_child, ann, conversation, message)
    await database.write(add_child, ann, conversation, message)
    assert await titles(database, bob) == ["changed"]
    assert await texts(database, bob, conversation.id) == ["changed", "secret"]


async def test_nobody_makes_themselves_an_admin(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    shared = await world.organization(admin=ann)
    membership = await world.join(shared, bob)
    mine = await database.write(personal_organization, bob)
    before = await contents(database)

    def promote(session: Session) -> None:
        session.get(Membership, membership).role = Role.ADMIN

    def carry_off(session: Session) -> None:
        theirs = session.scalars(select(Membership).where(Membership.user_id == ann.user_id)).first()
        assert theirs is not None
        theirs.organization_id = mine

    def rename_organization(session: Session) -> None:
        session.get(Organization, shared).name = "Bob's"

    def impersonate(session: Session) -> None:
        session.get(User, ann.user_id or mine).email = "bob2@example.com"

    def forge_an_entry(session: Session) -> None:
        session.add(AuditEntry(organization_id=mine, subject_type="User", subject_id=shared, action="x"))

    for unit in (promote, carry_off, rename_organization, impersonate, forge_an_entry):
        with pytest.raises(Forbidden):
            await database.write(unit, bob)
        assert await contents(database) == before, unit.__name__
    await database.write(promote, ann)
    await database.write(rename_organization, bob)


async def test_nobody_adds_a_row_in_the_name_of_another(database: Database, world: World) -> None:
    """Neither an owned row, also as an admin, nor a personal one."""
    ann, bob, eve = [await world.person(name) for name in ("ann", "bob", "eve")]
    shared = await world.organization(admin=ann, members=[bob])

    def conversation(owner: Viewer) -> Conversation:
        assert owner.user_id is not None
        new = Conversation(owner_id=owner.user_id, organization_id=shared, title="Planted")
        new.system_prompt = new.model = "x"
        return new

    def personal(owner: Viewer) -> IdempotencyKey:
        assert owner.user_id is not None
        return IdempotencyKey(user_id=owner.user_id, operation="signUp", key="k", result=[])

    async def stored() -> int:
        query = select(func.count(IdempotencyKey.id))
        return await database.write(lambda session: session.scalars(query).one(), SYSTEM)

    for make, viewer, owner in (
        (conversation, ann, bob),
        (conversation, bob, ann),
        (conversation, eve, eve),
        (personal, ann, bob),
        (personal, eve, bob),
    ):
        with pytest.raises(Forbidden):
            await database.write(lambda session, row: session.add(row), viewer, make(owner))
        assert (await titles(database, SYSTEM), await stored()) == ([], 0)
    await database.write(lambda session: session.add(conversation(bob)), bob)
    await database.write(lambda session: session.add(personal(bob)), bob)
    assert (await titles(database, ann), await stored()) == (["Planted"], 1)

    def take(session: Session, user_id: UUID | None) -> None:
        row = session.scalars(select(IdempotencyKey)).one()
        row.user_id = user_id or row.user_id

    with pytest.raises(Forbidden):  # a row is not given away either
        await database.write(take, bob, eve.user_id)


async def test_an_owner_who_has_left_changes_nothing_that_was_read_before(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    shared = await world.organization(admin=ann)
    member_id = await world.join(shared, bob)
    conversation, message = await database.write(create_conversation, bob, "Draft", shared)

    def leave(session: Session) -> None:
        session.bypass_rule_for(membership := session.get(Membership, member_id))
        membership.deleted_at = now()
        session.flush()

    def change_after_leaving(session: Session) -> None:
        row = session.get(Conversation, conversation.id)
        leave(session)
        row.title = "changed"

    def add_after_leaving(session: Session) -> None:
        session.get(Conversation, conversation.id)
        leave(session)
        session.add(user_message(conversation.id))

    for unit in (change_after_leaving, add_after_leaving):
        with pytest.raises((Forbidden, NotFound)):
            await database.write(unit, bob)
        assert await titles(database, bob) == ["Draft"]
    await database.write(leave, bob)
    for attack in (rename, change_child, add_child):
        with pytest.raises(NotFound):
            await database.write(attack, bob, conversation, message)
    assert (await titles(database, ann), await texts(database, ann, conversation.id)) == (["Draft"], ["secret"])
