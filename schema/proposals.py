"""Proposals: what the assistant would put into a table, and the mutations that decide."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db.models import proposals as rows
from db.models.proposals import ProposalStatus
from resolvers.proposals import proposals
from schema.base import Node, change, choice, many, maybe, one, says, shows
from schema.revisions import Revision
from schema.rows import Column, Source
from tables.changes import ChangeKind

if TYPE_CHECKING:
    from schema.messages import Message
    from schema.tables import Table
else:  # a message and a table list their proposals, and a proposal names both
    Message = Annotated["Message", strawberry.lazy("schema.messages")]
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

choice(
    ProposalStatus,
    PENDING="Nobody has decided yet; of a proposal that is in the table in part, not yet about the rest.",
    APPLIED="It is in the table.",
    REJECTED="It was put aside, or did not fit.",
)


@shows
class ProposedChange:
    """A row to add, one cell of such a row, or one of a row that the table has."""

    id: strawberry.ID = says("Names it in the proposal; it stays while rows are added to those that were read.")
    kind: ChangeKind = says(
        "ROW_ADDED for a new row with all its values, then CELL_CHANGED for each of its cells; "
        "of a row that the table has, CELL_CHANGED for what differs."
    )
    row_id = one(
        strawberry.ID, proposals.row_id_of, "The row; of a new one until it is added, the `id` of its ROW_ADDED."
    )
    column: strawberry.ID | None = says("Key of the column among the proposal's own, when it is about a cell.")
    old: JSON | None = says("What was there when it was proposed; null for what is new.")
    new: JSON | None = says("The value, or a row's values by column key.")
    source = maybe(Source, proposals.source_of, "Where the assistant read the value; null for a whole row.")
    overwrites_human: bool = says("Whether it would replace what a person entered; that is never done by itself.")
    status: ProposalStatus = says("What became of it; REJECTED when it did not fit the table.")
    problem: str | None = says("Why it does not fit: then it is left out, unless `edits` give another value.")


@shows
class Proposal(Node, row=rows.Proposal):
    """Rows and cells that the assistant read, for a new table or for one that is there."""

    table = maybe(Table, proposals.table_of, "The table that they are for; null while it would be a new one.")
    message = maybe(Message, proposals.message_of, "The reply that proposed them; null for what `extractTable` read.")
    status: ProposalStatus = says("Whether they are in the table; what became of each change is said there.")
    table_name: str = says("What a new table would be called.")
    columns = many(Column, proposals.list_columns, "The columns, as the texts suggest them.")
    changes = many(ProposedChange, proposals.list_changes, "The rows and their cells, in the order of the message.")
    is_complete: bool = says(
        "Whether all is read; until then it grows, or is read in another way, and cannot be applied."
    )
    problem: str | None = says("Why not all was read, or why it was put aside by itself, if so.")
    created_at: datetime = says("When it was made.")


@shows
class ApplyProposalPayload:
    """The table with the rows in it."""

    table: Table = says("The table, as it is now.")
    proposal: Proposal = says("The proposal, APPLIED; PENDING while changes of it are left.")
    revision: Revision = says("What was done; the newest one when nothing fitted.")


@shows
class ExtractTablePayload:
    """What was read."""

    proposal: Proposal = says("The rows; still growing when reading takes longer than a minute (`isComplete`).")


@shows
class RejectProposalPayload:
    """The proposal that was put aside."""

    proposal: Proposal = says("The proposal, REJECTED.")


@strawberry.type
class Mutation:
    apply_proposal = change(
        ApplyProposalPayload,
        proposals.apply_proposal,
        "Put what is proposed, or what you choose of it, into its table or a new one of yours, as one revision. Rows "
        "that the table has, by its unique column, are changed. What has changed since it was proposed is a CONFLICT "
        "with both values, and nothing is applied.",
    )
    extract_table = change(
        ExtractTablePayload,
        proposals.extract_table,
        "Read a table out of a conversation, or of some of its messages and their files: into a new table, or into one "
        "whose columns say what is wanted and whose rows are brought up to date by key.",
    )
    reject_proposal = change(
        RejectProposalPayload,
        proposals.reject_proposal,
        "Put a proposal aside; one that is still being read is read no further.",
    )
