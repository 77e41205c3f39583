"""Values of rows by cell, each with its text and its source."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import strawberry

from db.models.attachments import Attachment
from db.models.messages import Message, MessageRole
from db.models.tables import Row
from db.models.users import User
from db.tables.editing.edits import Origin
from db.tables.history.as_of_queries import AsOfRow
from resolvers.core.context import Context, Info
from resolvers.core.ids import part_id
from resolvers.tables.tables import columns_of
from tables.types.types import Column, Value, format_value


class SourceOrigin(StrEnum):
    """Author of the words that a value was read from."""

    PERSON = "PERSON"
    FILE = "FILE"
    ASSISTANT = "ASSISTANT"


class Grounding(StrEnum):
    """Result of searching a quote in the text it was taken from."""

    EXACT = "EXACT"
    FUZZY = "FUZZY"
    MISMATCH = "MISMATCH"
    NONE = "NONE"


@dataclass(frozen=True)
class Source:
    """Position in a message or an attached file that a value was read from; an imported file has no position."""

    message_id: UUID | None
    attachment_id: UUID | None
    start: int
    end: int
    quote: str
    grounding: Grounding
    is_assistant: bool = False


@dataclass(frozen=True)
class Cell:
    """A value in its column; `origin` is the stored record of its source or editor."""

    row: Row | AsOfRow
    column: Column
    value: Value
    origin: Origin | None

    @property
    def id(self) -> strawberry.ID:
        """Return the id; a cell of an earlier revision has another than the current one."""
        _, at, revision = self.column.scope.partition("@")
        return part_id("Cell", self.row.hex_id, self.column.key + at + revision)

    @property
    def text(self) -> str:
        return format_value(self.column, self.value)

    @property
    def source(self) -> Source | None:
        return source_in(self.origin)

    @property
    def editor_id(self) -> UUID | None:
        """Return the id of the user who entered the value; the creator of the row when no origin is recorded."""
        origin = self.origin or {}
        if "by" in origin:
            return UUID(origin["by"])
        is_theirs = self.value is not None and "message" not in origin
        return self.row.created_by_id if is_theirs else None


def source_in(origin: Mapping[str, Any] | None) -> Source | None:
    if not origin or "quote" not in origin:
        return None
    if "message" not in origin:
        return Source(None, None, 0, len(origin["quote"]), origin["quote"], Grounding.EXACT)
    excerpt = origin["start"], origin["end"], origin["quote"]
    attachment_id = UUID(origin["attachment"]) if "attachment" in origin else None
    is_assistant = origin.get("origin") == SourceOrigin.ASSISTANT
    return Source(UUID(origin["message"]), attachment_id, *excerpt, Grounding(origin["grounding"]), is_assistant)


async def origin_of(root: strawberry.Parent[Any], info: Info) -> SourceOrigin:
    """Return the author; values from before authors were stored have that of their message."""
    if root.is_assistant:
        return SourceOrigin.ASSISTANT
    if root.attachment_id is not None or root.message_id is None:
        return SourceOrigin.FILE
    message = await info.context.by_id(Message, root.message_id)
    is_reply = message is not None and message.role is MessageRole.ASSISTANT
    return SourceOrigin.ASSISTANT if is_reply else SourceOrigin.PERSON


async def list_cells(rows: Sequence[Row | AsOfRow], info: Info) -> list[list[Cell]]:
    return await cells_of(rows, info.context)


async def cells_of(rows: Sequence[Row | AsOfRow], context: Context) -> list[list[Cell]]:
    """Return the cells of each row in the order of the columns."""
    return [_cells(row, columns) for row, columns in zip(rows, await _columns(rows, context), strict=True)]


def _cells(row: Row | AsOfRow, columns: Mapping[str, Column]) -> list[Cell]:
    values, origins = row.values, row.origins
    return [Cell(row, column, values.get(key), origins.get(key)) for key, column in columns.items()]


async def values_of(rows: Sequence[Row | AsOfRow], info: Info) -> list[Mapping[str, Value]]:
    columns_of_rows = await _columns(rows, info.context)
    return [_values(row.values, columns) for row, columns in zip(rows, columns_of_rows, strict=True)]


def _values(values: Mapping[str, Value], columns: Mapping[str, Column]) -> Mapping[str, Value]:
    """Return the values of the columns; those of deleted columns stay in the row."""
    if values.keys() <= columns.keys():
        return values
    return {key: value for key, value in values.items() if key in columns}


async def _columns(rows: Sequence[Row | AsOfRow], context: Context) -> list[Mapping[str, Column]]:
    """Return the columns of each row's table; rows of an earlier revision carry their own."""
    tables = list(dict.fromkeys(row.table_id for row in rows if not isinstance(row, AsOfRow)))
    # Gathered, so that the columns of all tables are loaded in one batch.
    by_table = dict(zip(tables, await gather(*(columns_of(context, id_) for id_ in tables)), strict=True))
    return [row.columns if isinstance(row, AsOfRow) else by_table[row.table_id] for row in rows]


async def editor_of(root: strawberry.Parent[Any], info: Info) -> User | None:
    return await info.context.by_id(User, root.editor_id)


async def message_of(root: strawberry.Parent[Any], info: Info) -> Message | None:
    return await info.context.by_id(Message, root.message_id)


async def attachment_of(root: strawberry.Parent[Any], info: Info) -> Attachment | None:
    return await info.context.by_id(Attachment, root.attachment_id)
