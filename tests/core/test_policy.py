"""Visibility of rows for owners, members, admins and strangers, and for former members."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from auth.viewer import Role, Viewer
from db.conversations import conversations
from db.core.base import Visibility, now
from db.core.engine import Database
from db.core.pagination import Window
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.memberships import Membership, MembershipStatus
from db.models.messages import Message
from db.models.organizations import Organization
from db.models.users import User
from db.organizations.organizations import members
from errors import Forbidden, NotFound
from tests.support.search_samples import ALL, create_conversation, texts, titles, user_message
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
    assert [found.name for found in [await database.find(Organization, bob, shared)] if found] == ["Shared"]
    with pytest.raises(Forbidden):
        await database.write(create_conversation, bob, "Hello", shared)

    def accept(session: Session) -> None:
        session.get(Membership, membership).status = MembershipStatus.ACTIVE

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
