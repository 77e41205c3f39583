"""Visibility of rows for owners, members, admins and strangers, and for former members."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from auth.viewer import Role, Viewer
from db.conversations import conversations
from db.core.base import Visibility, now
from db.core.engine import Database
from db.core.pagination import Window
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.memberships import Membership, MembershipStatus
from db.models.messages import Message
from db.models.modules import Module, ModuleStatus
from db.models.organizations import Organization
from db.models.readings import Reading
from db.models.sites import Site
from db.models.usage import Usage, UsageKind
from db.models.users import User
from db.organizations.organizations import members
from db.sites import readings
from errors import Forbidden, NotFound
from tests.support.conversations.search_samples import ALL, create_conversation, texts, titles, user_message
from tests.support.world import SYSTEM, World

SHARED = Visibility.ORGANIZATION


async def test_a_stranger_finds_nothing_in_any_way(database: Database, world: World) -> None:
    ann, eve = await world.person("ann"), await world.person("eve")
    conversation, message = await database.write(create_conversation, ann, "Plans")
    for nobody in (eve, Viewer(None), Viewer(uuid4())):
        assert await titles(database, nobody) == []
        assert await texts(database, nobody, conversation.id) == []
        assert await database.find(Conversation, nobody, conversation.id) is None
        assert await database.by_ids(Message, nobody, [message.id, uuid4()]) == {}
        with pytest.raises(RuntimeError, match="The policy cannot filter this"):
            await database.write(lambda s: s.get_one(Conversation, conversation.id), nobody)
        assert await database.write(lambda s: s.query(Message).count(), nobody) == 0
        total = await database.read(conversations.all_conversations.total(ALL), nobody)
        assert [row.total for row in total] == [0]
        with pytest.raises(NotFound, match="There is no such conversation"):
            await database.write(Session.get, nobody, Conversation, conversation.id)
    assert await titles(database, ann) == ["Plans"]
    assert await texts(database, ann, conversation.id) == ["secret"]


async def test_members_see_what_is_shared_and_admins_what_is_private(database: Database, world: World) -> None:
    ann, bob, eve = [await world.person(name) for name in ("ann", "bob", "eve")]
    shared = await world.organization(admin=ann, members=[bob])
    private, _ = await database.write(create_conversation, bob, "Bob's draft", shared)
    await database.write(create_conversation, bob, "Bob's news", shared, SHARED)
    await database.write(create_conversation, ann, "Ann's draft", shared)
    await database.write(create_conversation, bob, "Bob's own")
    assert await titles(database, ann) == ["Ann's draft", "Bob's news", "Bob's draft"]
    assert await titles(database, bob) == ["Bob's own", "Bob's news", "Bob's draft"]
    assert await titles(database, eve) == []
    assert await texts(database, ann, private.id) == ["secret"]
    assert await titles(database, SYSTEM) == ["Bob's own", "Ann's draft", "Bob's news", "Bob's draft"]


async def test_the_invited_see_nothing_until_they_are_active(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    shared = await world.organization(admin=ann)
    await database.write(create_conversation, ann, "News", shared, SHARED)
    membership = await world.join(shared, bob, Role.ADMIN, MembershipStatus.INVITED)
    assert await titles(database, bob) == []
    assert [result.name for result in [await database.find(Organization, bob, shared)] if result] == ["Shared"]
    with pytest.raises(Forbidden):
        await database.write(create_conversation, bob, "Hello", shared)

    def accept(session: Session) -> None:
        row = session.get(Membership, membership)
        row.status, row.user_id = MembershipStatus.ACTIVE, bob.user_id

    with pytest.raises(Forbidden):
        await database.write(accept, bob)
    await database.write(accept, ann)
    assert await titles(database, bob) == ["News"]


async def test_a_removed_member_loses_everything_at_the_next_query(database: Database, world: World) -> None:
    ann, bob = await world.person("ann"), await world.person("bob")
    shared = await world.organization(admin=ann)
    membership = await world.join(shared, bob)
    conversation, _ = await database.write(create_conversation, bob, "Bob's draft", shared)
    await database.write(create_conversation, ann, "News", shared, SHARED)
    assert await titles(database, bob) == ["News", "Bob's draft"]
    assert await database.find(User, bob, ann.user_id or uuid4()) is not None

    def remove(session: Session) -> None:
        session.get_for_update(Membership, membership).deleted_at = now()

    await database.write(remove, ann)
    assert await titles(database, bob) == []
    assert await texts(database, bob, conversation.id) == []
    assert await database.find(User, bob, ann.user_id or uuid4()) is None
    assert await database.read(members.rows(Window(9), ALL), bob, limit=9, organization_id=shared) == []
    with pytest.raises(NotFound):
        await database.write(create_conversation, bob, "Still here", shared)
    assert await titles(database, ann) == ["News", "Bob's draft"]


async def test_deleted_rows_and_children_of_deleted_parents_are_hidden(database: Database, world: World) -> None:
    ann = await world.person("ann")
    conversation, first = await database.write(create_conversation, ann, "Plans")

    def add(session: Session) -> Message:
        session.add(message := user_message(conversation.id, "second"))
        return message

    def delete(session: Session, model: Any, id_: UUID) -> None:
        session.get_for_update(model, id_).deleted_at = now()

    await database.write(add, ann)
    await database.write(delete, ann, Message, first.id)
    assert await texts(database, ann, conversation.id) == ["second"]
    await database.write(delete, ann, Conversation, conversation.id)
    for viewer in (ann, SYSTEM):
        assert await titles(database, viewer) == []
        assert await texts(database, viewer, conversation.id) == []
    with pytest.raises(NotFound):
        await database.write(add, ann)


async def test_a_superuser_sees_no_grandchild_of_a_deleted_row(database: Database, world: World) -> None:
    ann = await world.person("ann")

    def make(session: Session) -> tuple[UUID, UUID]:
        site = Site(name="Roof", organization_id=session.personal_organization_id)
        session.add(site)
        session.add(module := Module(site_id=site.id, name="Meter", kind="meter", status=ModuleStatus.ACTIVE))
        session.add(Reading(module_id=module.id, metric="power", value=1.0, at=now()))
        return site.id, module.id

    site_id, module_id = await database.write(make, ann)
    listed = readings.page(frozenset(), is_first=True, backwards=False)
    for viewer in (ann, SYSTEM):
        assert len(await database.read(listed, viewer, limit=9, module_id=module_id)) == 1

    def delete(session: Session) -> None:
        session.get_for_update(Site, site_id).deleted_at = now()

    await database.write(delete, ann)
    for viewer in (ann, SYSTEM):
        assert await database.read(listed, viewer, limit=9, module_id=module_id) == []


async def test_usage_is_not_seen_through_a_deleted_or_private_conversation(database: Database, world: World) -> None:
    ann, bob, cid, eve = [await world.person(name) for name in ("ann", "bob", "cid", "eve")]
    works = await world.organization(admin=ann, members=[bob, cid])
    conversation, _ = await database.write(create_conversation, bob, "News", works, SHARED)

    def spend(session: Session) -> None:
        row = Usage(organization_id=works, user_id=session.user_id, conversation_id=conversation.id, model="m")
        row.kind = UsageKind.REPLY
        session.add(row)

    def change(session: Session, name: str, value: Any) -> None:
        setattr(session.get_for_update(Conversation, conversation.id), name, value)

    async def seen() -> list[int]:
        return [
            len(await database.write(lambda s: s.scalars(select(Usage)).all(), viewer))
            for viewer in (ann, bob, cid, eve)
        ]

    await database.write(spend, bob)
    assert await seen() == [1, 1, 1, 0]
    await database.write(change, bob, "visibility", Visibility.PRIVATE)
    assert await seen() == [1, 1, 0, 0]
    await database.write(change, bob, "visibility", SHARED)
    await database.write(change, bob, "deleted_at", now())
    assert await seen() == [1, 1, 0, 0]
