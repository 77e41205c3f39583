"""Branches of a conversation: read one by pages, say something else, have another reply."""

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
    """A page of the branch that ends at a message; without one it is empty. Cursors are those of messages."""

    database: Database
    viewer: Viewer
    conversation_id: UUID
    leaf_id: UUID | None

    async def load(self, asked: PageArguments) -> Slice[Message]:
        cursor = None if asked.cursor is None else decode_cursor(asked.cursor, asked.cursor_name)
        window = Window(asked.size + 1, cursor, asked.backwards)
        given = {} if cursor is None else {"cursor": cursor}
        rows = await self._read(branches.page(window), limit=window.limit, **given)
        return slice_of(rows, lambda row: encode_cursor(row.id), asked)

    async def total(self) -> int:
        rows = await self._read(branches.length)
        return rows[0].total if rows else 0

    async def _read(self, query: Any, **given: Any) -> list[Any]:
        if self.leaf_id is None:
            return []
        named = {"conversation_id": self.conversation_id, "leaf_id": self.leaf_id}
        return await self.database.read(query, self.viewer, **named, **given)


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
        raise BadUserInput.of("throughId", "Name the branch by leafId or by throughId, not by both.")
    leaf = root.leaf_id
    if leaf_id is not None:
        leaf = await _found(info.context, branches.length, root.id, leaf_id=decode_id(leaf_id, Message))
    elif through_id is not None:
        leaf = await _found(
            info.context, branches.newest_descendant, root.id, message_id=decode_id(through_id, Message)
        )
    return BranchPage(info.context.backend.database, info.context.viewer, root.id, leaf)


async def _found(context: Context, query: Any, conversation_id: UUID, **given: UUID) -> UUID:
    row = await context.read_one(query, conversation_id=conversation_id, **given)
    if row is None:
        raise NotFound("There is no such message in this conversation.")
    found: UUID = row.id
    return found


async def list_siblings(root: strawberry.Parent[Any], info: Info) -> list[strawberry.ID]:
    """The ids of a page's messages are asked for in one statement, those of first messages in another."""
    query, name, of = (
        (segments.root_lines_of, "conversation_id", root.conversation_id)
        if root.parent_id is None
        else (branches.children_of, "parent_id", root.parent_id)
    )
    siblings = await info.context.children(query, of, name)
    return [global_id(Message, row.id) for row in siblings]
