"""Branches of a conversation: pages of messages, and alternatives to a message."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from auth.viewer import Viewer
from db.conversations import branches, segments
from db.core.engine import Database
from db.core.pagination import Window
from db.models.messages import Message
from errors import BadUserInput, NotFound
from resolvers.core.context import Context, Info
from resolvers.core.ids import decode_id, global_id
from resolvers.core.pages import PageArguments, Slice, decode_cursor, encode_cursor, slice_of


@dataclass(frozen=True)
class BranchPage:
    """Page of the branch that ends at message `leaf_id`; empty without one. The cursor is the message's id."""

    database: Database
    viewer: Viewer
    conversation_id: UUID
    leaf_id: UUID | None

    async def load(self, page: PageArguments) -> Slice[Message]:
        cursor = None if page.cursor is None else decode_cursor(page.cursor, page.cursor_name)
        window = Window(page.size + 1, cursor, page.backwards)
        arguments = {} if cursor is None else {"cursor": cursor}
        rows = await self._read(branches.page(window).only(page.attributes), limit=window.limit, **arguments)
        return slice_of(rows, lambda row: encode_cursor(row.id), page)

    async def total(self) -> int:
        rows = await self._read(branches.length)
        return rows[0].total if rows else 0

    async def _read(self, query: Any, **arguments: Any) -> list[Any]:
        if self.leaf_id is None:
            return []
        branch = {"conversation_id": self.conversation_id, "leaf_id": self.leaf_id}
        return await self.database.read(query, self.viewer, **branch, **arguments)


async def list_messages(
    root: strawberry.Parent[Any],
    info: Info,
    leaf_id: Annotated[
        strawberry.ID | None,
        argument(description="Id of the last message of the branch; the newest message when omitted."),
    ] = None,
    through_id: Annotated[
        strawberry.ID | None,
        argument(
            description="Instead of `leafId`: id of a message, as one of `siblings`; the branch ends at its newest "
            "descendant.",
        ),
    ] = None,
) -> BranchPage:
    if leaf_id is not None and through_id is not None:
        raise BadUserInput.of("throughId", "Send either `leafId` or `throughId`, not both.")
    leaf = root.leaf_id
    if leaf_id is not None:
        leaf = await _message_id(info.context, branches.length, root.id, leaf_id=decode_id(leaf_id, Message))
    elif through_id is not None:
        leaf = await _message_id(
            info.context, branches.newest_descendant, root.id, message_id=decode_id(through_id, Message)
        )
    return BranchPage(info.context.backend.database, info.context.viewer, root.id, leaf)


async def _message_id(context: Context, query: Any, conversation_id: UUID, **arguments: UUID) -> UUID:
    row = await context.read_one(query, conversation_id=conversation_id, **arguments)
    if row is None:
        raise NotFound("There is no such message in this conversation.")
    id_: UUID = row.id
    return id_


async def list_siblings(root: strawberry.Parent[Any], info: Info) -> list[strawberry.ID]:
    """Return the ids of a message and its alternatives, read in one statement for all messages of a page."""
    # First messages have no parent, and are read in a statement of their own.
    query, key, parent_id = (
        (segments.root_lines_of, "conversation_id", root.conversation_id)
        if root.parent_id is None
        else (branches.children_of, "parent_id", root.parent_id)
    )
    siblings = await info.context.children(query, parent_id, key)
    return [global_id(Message, row.id) for row in siblings]
