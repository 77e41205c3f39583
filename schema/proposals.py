"""Proposals: what the assistant would put into a table, and the mutations that decide."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models import proposals as rows
from db.models.proposals import ProposalStatus
from resolvers.conversations.extractions import extract_table
from resolvers.proposals import proposals
from schema.base import Node, enum, field, list_of, mutation, optional, output_type, required
from schema.revisions import Revision
from schema.rows import Column, Source
from tables.changes import ChangeKind

if TYPE_CHECKING:
    from schema.messages import Message
    from schema.tables import Table
else:  # a message and a table list their proposals, and a proposal names both
    Message = Annotated["Message", strawberry.lazy("schema.messages")]
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

enum(
    ProposalStatus,
    PENDING="Nobody has decided yet; of a proposal that is in the table in part, not yet about the rest.",
    APPLIED="It is in the table.",
    REJECTED="It was put aside, or did not fit.",
)


@output_type
class ProposedChange:
    """A row to add, one cell of such a row, or one of a row that the table has."""

    id: strawberry.ID = field("Names it in the proposal; it stays while rows are added to those that were read.")
    kind: ChangeKind = field(
        "ROW_ADDED for a new row with all its values, then CELL_CHANGED for each of its cells; "
        "of a row that the table has, CELL_CHANGED for what differs."
    )
    row_id = required(
        strawberry.ID, proposals.row_id_of, "The row; of a new one until it is added, the `id` of its ROW_ADDED."
    )
    column: strawberry.ID | None = field("Key of the column among the proposal's own, when it is about a cell.")
    old: JSON | None = field("What was there when it was proposed; null for what is new.")
    new: JSON | None = field("The value, or a row's values by column key.")
    source = optional(Source, proposals.source_of, "Where the assistant read the value; null for a whole row.")
    overwrites_human: bool = field("Whether it would replace what a person entered; that is never done by itself.")
    status: ProposalStatus = field("What became of it; REJECTED when it did not fit the table.")
    problem: str | None = field("Why it does not fit: then it is left out, unless `edits` give another value.")


@output_type
class Proposal(Node, row=rows.Proposal):
    """Rows and cells that the assistant read, for a new table or for one that is there."""

    table = optional(Table, proposals.table_of, "The table that they are for; null while it would be a new one.")
    message = optional(
        Message, proposals.message_of, "The reply that proposed them; null for what `extractTable` read."
    )
    status: ProposalStatus = field("Whether they are in the table; what became of each change is said there.")
    table_name: str = field("What a new table would be called.")
    columns = list_of(Column, proposals.list_columns, "The columns, as the texts suggest them.")
    changes = list_of(ProposedChange, proposals.list_changes, "The rows and their cells, in the order of the message.")
    is_complete: bool = field(
        "Whether all is read; until then it grows, or is read in another way, and cannot be applied."
    )
    problem: str | None = field("Why not all was read, or why it was put aside by itself, if so.")
    created_at: datetime = field("When it was made.")


@output_type
class ApplyProposalPayload:
    """The table with the rows in it."""

    table: Table = field("The table, as it is now.")
    proposal: Proposal = field("The proposal, APPLIED; PENDING while changes of it are left.")
    revision: Revision = field("What was done; the newest one when nothing fitted.")


@output_type
class ExtractTablePayload:
    """What was read."""

    proposal: Proposal = field("The rows; still growing when reading takes longer than a minute (`isComplete`).")


@output_type
class RejectProposalPayload:
    """The proposal that was put aside."""

    proposal: Proposal = field("The proposal, REJECTED.")


@strawberry.type
class Mutation:
    apply_proposal = mutation(
        ApplyProposalPayload,
        proposals.apply_proposal,
        "Put what is proposed, or what you choose of it, into its table or a new one of yours, as one revision. Rows "
        "that the table has, by its unique column, are changed. What has changed since it was proposed is a CONFLICT "
        "with both values, and nothing is applied.",
    )
    extract_table = mutation(
        ExtractTablePayload,
        extract_table,
        "Read a table out of a conversation, or of some of its messages and their files: into a new table, or into one "
        "whose columns say what is wanted and whose rows are brought up to date by key.",
    )
    reject_proposal = mutation(
        RejectProposalPayload,
        proposals.reject_proposal,
        "Put a proposal aside; one that is still being read is read no further.",
    )
