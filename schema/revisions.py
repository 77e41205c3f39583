"""Revisions: what was changed in a table, and the mutation that takes it back."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models import revisions as rows
from resolvers.tables import revisions
from schema.base import enum, field, list_of, mutation, optional, output_type, subscription
from schema.rows import Source
from schema.users import User
from tables.changes import ChangeKind

if TYPE_CHECKING:
    from schema.tables import Table
else:  # a payload shows its table, and a table lists its revisions
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

enum(
    rows.ChangeSource,
    USER="A person, or a program in their name.",
    ASSISTANT="The assistant: a proposal that was applied.",
    IMPORT="An imported file.",
    UNDO="Another revision, taken back.",
    SYSTEM="The product itself.",
)
enum(
    ChangeKind,
    ROW_ADDED="A row is new.",
    ROW_DELETED="A row is gone.",
    ROW_RESTORED="A deleted row is back.",
    CELL_CHANGED="A cell has another value.",
    COLUMN_ADDED="A column is new, or back.",
    COLUMN_CHANGED="A column has another definition.",
    COLUMN_DELETED="A column is gone.",
    TABLE_CHANGED="The table has another name or visibility.",
)


@output_type
class Change:
    """One change of a revision."""

    kind: ChangeKind = field("What was done.")
    row_id = optional(strawberry.ID, revisions.row_id_of, "The row, unless it is about a column or the table.")
    column: strawberry.ID | None = field("Key of the column, when it is about a cell or a column.")
    old = optional(
        JSON,
        revisions.old_of,
        "What was there: the value, a row's position and values, a column's definition, the table's properties.",
    )
    new = optional(JSON, revisions.new_of, "What is there instead, in the same form.")
    source = optional(Source, revisions.source_of, "Where the assistant read the new value.")


@output_type
class Revision:
    """What one call changed in a table."""

    number: int = field("Counts the revisions of the table from 1, without gaps.")
    at: datetime = strawberry.field(resolver=revisions.moment_of, description="When it was made.")
    actor = optional(User, revisions.actor_of, "Who made it; null when you may not see them.")
    source: rows.ChangeSource = field("What it came from.")
    summary: str = field("How many of what, in words.")
    changes = list_of(
        Change, revisions.list_changes, "What was changed, in order; the first of them, when there are many."
    )


@output_type
class UndoRevisionPayload:
    """The table without what the revision did."""

    table: Table = field("The table, as it is now.")
    revision: Revision = field("The revision that took it back; the newest one when there was nothing to take back.")


@strawberry.type
class Mutation:
    undo_revision = mutation(
        UndoRevisionPayload,
        revisions.undo_revision,
        "Take a revision back, as a new revision, which can be taken back too. What was changed again later is a "
        "CONFLICT that names the cells.",
    )


@strawberry.type
class Subscription:
    table_changes = subscription(
        Revision, revisions.table_changes, "Follow a table: every revision after the one that you have, in order."
    )
