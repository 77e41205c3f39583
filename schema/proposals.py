"""Proposals: what the assistant would put into a table, and the mutations that decide."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from db import proposals as rows
from resolvers import proposals
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
    rows.ProposalStatus,
    PENDING="Nobody has decided yet.",
    APPLIED="It is in the table.",
    REJECTED="It was put aside, or did not fit.",
)


@shows
class ProposedChange:
    """A row to add, or one cell of such a row."""

    id: strawberry.ID = says("Names it in the proposal.")
    kind: ChangeKind = says("ROW_ADDED for a row with all its values, then CELL_CHANGED for each of its cells.")
    row_id = one(strawberry.ID, proposals.row_id_of, "The row; until it is added, the `id` of its ROW_ADDED.")
    column: strawberry.ID | None = says("Key of the column among the proposal's own, when it is about a cell.")
    old: JSON | None = strawberry.field(resolver=lambda: None, description="What is there; null for what is new.")
    new: JSON | None = says("The value, or a row's values by column key.")
    source = maybe(Source, proposals.source_of, "Where the assistant read the value; null for a whole row.")
    overwrites_human: bool = strawberry.field(
        resolver=lambda: False, description="Whether it would replace what a person entered; a new row never does."
    )
    status: rows.ProposalStatus = says("What became of it; REJECTED when it did not fit the table.")
    problem: str | None = says("Why it did not fit.")


@shows
class Proposal(Node, row=rows.Proposal):
    """Rows that the assistant read in a message."""

    table = maybe(Table, proposals.table_of, "The table that they are for; null while it would be a new one.")
    message = maybe(Message, proposals.message_of, "The reply that proposed them.")
    status: rows.ProposalStatus = says("Whether they are in the table.")
    table_name: str = says("What a new table would be called.")
    columns = many(Column, proposals.list_columns, "The columns, as the texts suggest them.")
    changes = many(ProposedChange, proposals.list_changes, "The rows and their cells, in the order of the message.")
    created_at: datetime = says("When it was made.")


@shows
class ApplyProposalPayload:
    """The table with the rows in it."""

    table: Table = says("The table, as it is now.")
    proposal: Proposal = says("The proposal, APPLIED.")
    revision: Revision = says("What was done; the newest one when nothing fitted.")


@shows
class RejectProposalPayload:
    """The proposal that was put aside."""

    proposal: Proposal = says("The proposal, REJECTED.")


@strawberry.type
class Mutation:
    apply_proposal = change(
        ApplyProposalPayload,
        proposals.apply_proposal,
        "Put what is proposed into its table, or into a new one of yours, as one revision.",
    )
    reject_proposal = change(RejectProposalPayload, proposals.reject_proposal, "Put a proposal aside.")
