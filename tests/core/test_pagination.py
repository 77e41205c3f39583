"""Keyset pages are complete in both directions, counted, and hold one parent's children."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, true
from sqlalchemy.orm import aliased

from auth.viewer import Viewer
from db.conversations import conversations, messages
from db.conversations.conversations import NewConversation
from db.core.base import now
from db.core.engine import Database
from db.core.pagination import Listing, Window
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.messages import Message
from tests.support.app import App
from tests.support.client import Refused
from tests.support.conversations.search_samples import ALL, create_conversation, user_message
from tests.support.world import SYSTEM, World


async def pages(
    database: Database, viewer: Viewer, listing: Listing[Any], size: int, *, backwards: bool = False, **arguments: Any
) -> list[list[str]]:
    """Return every page of a list, each in the order of the list."""
    optional = frozenset(arguments) & frozenset(listing.optional)
    results: list[list[str]] = []
    cursor: UUID | None = None
    while True:
        window = Window(size, cursor, backwards)
        target = {} if cursor is None else {"cursor": cursor}
        rows = await database.read(listing.rows(window, optional), viewer, limit=size, **target, **arguments)
        if not rows:
            return results
        cursor = rows[-1].id
        displayed = [row.title if listing.model is Conversation else row.text for row in rows]
        results.append(displayed[::-1] if backwards else displayed)


async def total(database: Database, viewer: Viewer, listing: Listing[Any], **arguments: Any) -> int:
    query = listing.total(frozenset(arguments) & frozenset(listing.optional))
    (row,) = await database.read(query, viewer, **arguments)
    return int(row.total)


@pytest.mark.parametrize(
    ("size", "forwards"),
    [
        (1, [["6"], ["5"], ["4"], ["3"], ["2"], ["1"], ["0"]]),
        (3, [["6", "5", "4"], ["3", "2", "1"], ["0"]]),
        (7, [["6", "5", "4", "3", "2", "1", "0"]]),
        (8, [["6", "5", "4", "3", "2", "1", "0"]]),
    ],
)
async def test_pages_are_complete_in_both_directions(
    database: Database, lister: Viewer, size: int, forwards: list[list[str]]
) -> None:
    assert await pages(database, lister, conversations.all_conversations, size) == forwards
    backwards = await pages(database, lister, conversations.all_conversations, size, backwards=True)
    assert [title for page in backwards[::-1] for title in page] == ["6", "5", "4", "3", "2", "1", "0"]
    assert [len(page) for page in backwards] == [len(page) for page in forwards]
    assert await total(database, lister, conversations.all_conversations) == 7
    assert await total(database, SYSTEM, conversations.all_conversations) == 14


async def test_a_page_goes_on_after_rows_that_are_gone_and_before_new_ones(database: Database, lister: Viewer) -> None:
    first = await database.read(conversations.all_conversations.rows(Window(3), ALL), lister, limit=3)

    def change(session: Session) -> None:
        session.get(Conversation, first[-1].id).deleted_at = now()
        conversations.create(session, NewConversation("model", title="new"))

    await database.write(change, lister)
    after = conversations.all_conversations.rows(Window(3, first[-1].id), ALL)
    rest = await database.read(after, lister, limit=3, cursor=first[-1].id)
    assert [row.title for row in rest] == ["3", "2", "1"]
    before = conversations.all_conversations.rows(Window(3, first[-1].id, backwards=True), ALL)
    newer = await database.read(before, lister, limit=3, cursor=first[-1].id)
    assert [row.title for row in newer] == ["5", "6", "new"]


async def test_optional_conditions_apply_when_they_are_given(database: Database, lister: Viewer) -> None:
    await database.write(conversations.create, lister, NewConversation("model", title="Trip to Rome"))
    assert await pages(database, lister, conversations.all_conversations, 5, search="ROME") == [["Trip to Rome"]]
    assert await total(database, lister, conversations.all_conversations, search="rome") == 1
    assert await total(database, lister, conversations.all_conversations, owner_id=lister.user_id) == 8
    assert await total(database, lister, conversations.all_conversations, owner_id=lister.user_id, search="rome") == 1
    assert await total(database, lister, conversations.all_conversations, organization_id=lister.user_id) == 0


async def test_children_are_listed_oldest_first_for_who_sees_the_parent(
    database: Database, world: World, lister: Viewer
) -> None:
    bob = await world.person("bob")
    conversation, _ = await database.write(create_conversation, lister, "Plans")

    def talk(session: Session) -> None:
        for number in range(4):
            session.add(user_message(conversation.id, str(number)))

    await database.write(talk, lister)
    arguments: dict[str, Any] = {"conversation_id": conversation.id}
    for viewer in (lister, SYSTEM):
        displayed = await pages(database, viewer, messages.of_conversation, 2, **arguments)
        assert displayed == [["secret", "0"], ["1", "2"], ["3"]]
        displayed = await pages(database, viewer, messages.of_conversation, 2, backwards=True, **arguments)
        assert displayed == [["2", "3"], ["0", "1"], ["secret"]]
        assert await total(database, viewer, messages.of_conversation, **arguments) == 5
    assert await pages(database, bob, messages.of_conversation, 2, **arguments) == []
    assert await total(database, bob, messages.of_conversation, **arguments) == 0


def beside() -> Any:
    other = aliased(Message)
    return select(other.text).select_from(Message).join(other, true())


def inside() -> Any:
    other = select(Message.text).subquery()
    return select(other.c.text).select_from(Message).join(other, true())


def instead() -> Any:
    return select(select(func.max(Message.text)).scalar_subquery())


@pytest.mark.parametrize("make", [beside, inside, instead])
async def test_a_list_of_children_reaches_no_other_parent_s(
    database: Database, world: World, make: Callable[[], Any]
) -> None:
    """The visibility of the parent is checked once for a statement, which must therefore read no other parent."""
    lister, eve = await world.person("ann"), await world.person("eve")
    theirs, _ = await database.write(create_conversation, lister, "Plans")

    def whisper(session: Session) -> UUID:
        conversation, message = create_conversation(session, "Own")
        message.text = "own"
        return conversation.id

    mine = await database.write(whisper, eve)
    query: Prepared[Any] = Prepared(make(), children=Message)
    assert [row[0] for row in await database.read(query, eve, conversation_id=mine)] == ["own"]
    assert [row[0] for row in await database.read(query, eve, conversation_id=theirs.id)] == []
    assert [row[0] for row in await database.read(query, SYSTEM, conversation_id=theirs.id)] == ["secret"]


async def test_an_invalid_cursor_is_refused_at_its_argument(app: App) -> None:
    client = await app.person()
    message = "Invalid cursor. Pass `endCursor` or `startCursor` from a previous page of this list, unchanged."
    conversation_id = (await client.mutate("createConversation", "{ conversation { id } }"))["conversation"]["id"]
    for arguments, field in (
        ('first: 1, after: "nonsense"', "after"),
        ('last: 1, before: "é"', "before"),
        (f'first: 1, after: "{conversation_id}"', "after"),
        ('first: 1, after: ""', "after"),
    ):
        with pytest.raises(Refused) as refused:
            await client.run(f"{{ conversations({arguments}) {{ totalCount nodes {{ id }} }} }}")
        (error,) = refused.value.errors
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["extensions"]["fieldErrors"] == [{"field": field, "message": message}]
