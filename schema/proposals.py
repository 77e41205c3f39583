"""Proposals of the assistant for tables, and the mutations that apply or reject them."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from db import models
from db.proposals.apply import ApplyProposalResult
from db.proposals.changes import ProposedChange as ProposedChangeRow
from resolvers.proposals import proposals
from schema.base import Node, Shows, TypeOf, enum, field, list_of, optional, output_type, required
from schema.cells import Source
from schema.columns import Column
from schema.operations import mutation
from tables.changes import ChangeKind

enum(
    models.proposals.ProposalStatus,
    PENDING="Not decided yet; for a partly applied proposal, the rest is not decided.",
    APPLIED="Applied to the table.",
    REJECTED="Rejected by a user, or does not fit the table.",
)


@output_type
class ProposedChange(Shows[ProposedChangeRow]):
    """A new row, one cell of a new row, or one cell of an existing row."""

    id: strawberry.ID = field("Id of the change in its proposal; it stays the same while more rows are read.")
    kind: ChangeKind = field(
        "ROW_ADDED for a new row with all its values, followed by CELL_CHANGED for each of its cells; for an existing "
        "row, CELL_CHANGED for each difference."
    )
    row_id = required(
        strawberry.ID,
        proposals.row_id_of,
        "Id of the row; for a row that has not been added yet, the `id` of its ROW_ADDED.",
    )
    column: strawberry.ID | None = field("Key of the column in the proposal's `columns`, for a change of a cell.")
    old: JSON | None = field("Value at the time of the proposal; null for a new row.")
    new: JSON | None = field("Proposed value; for ROW_ADDED, the row's values by column key.")
    source = optional(
        Source, proposals.source_of, "Passage from which the assistant read the value; null for a whole row."
    )
    overwrites_human: bool = field("True when it replaces a value entered by a user; never applied automatically.")
    status: models.proposals.ProposalStatus = field("Decision on the change; REJECTED when it did not fit the table.")
    problem: str | None = field("Reason why it does not fit; it is left out unless `edits` give another value.")


@output_type
class Proposal(Node, Shows[models.proposals.Proposal]):
    """Rows and cells that the assistant read, for a new table or an existing one."""

    table = optional(
        TypeOf[models.tables.Table], proposals.table_of, "Table to change; null while it would be a new one."
    )
    message = optional(
        TypeOf[models.messages.Message], proposals.message_of, "Reply that proposes it; null for `extractTable`."
    )
    status: models.proposals.ProposalStatus = field("Decision on the proposal; each change has its own status too.")
    table_name: str = field("Name of the table to create.")
    columns = list_of(Column, proposals.list_columns, "Columns as read from the texts.")
    changes = list_of(ProposedChange, proposals.list_changes, "Rows and their cells, in the order of the message.")
    is_complete: bool = field(
        "True when everything has been read; until then the proposal may change and cannot be applied."
    )
    problem: str | None = field("Reason why it is incomplete or was rejected automatically; otherwise null.")
    notes = list_of(
        str,
        proposals.list_notes,
        "Remarks for the reader, such as whether the rows add up to a total that the text states.",
    )
    created_at: datetime = field("Time of creation.")


@output_type
class ApplyProposalPayload(Shows[ApplyProposalResult]):
    """Result of `applyProposal`."""

    table: TypeOf[models.tables.Table] = field("The table after the change.")
    proposal: Proposal = field("The proposal: APPLIED, or PENDING while some of its changes are not decided.")
    revision: TypeOf[models.revisions.Revision] = field(
        "Revision that records the change; the newest one when no change fitted."
    )


@output_type
class RejectProposalPayload(Shows[proposals.RejectProposalResult]):
    """Result of `rejectProposal`."""

    proposal: Proposal = field("The proposal, REJECTED.")


@strawberry.type
class Mutation:
    apply_proposal = mutation(
        ApplyProposalPayload,
        proposals.apply_proposal,
        "Apply a proposal, or selected changes of it, to its table or to a new table that you own, as one revision. "
        "Existing rows are matched by the table's unique column and changed. Cells that were changed since the "
        "proposal give a CONFLICT with both values, and nothing is applied.",
    )
    reject_proposal = mutation(
        RejectProposalPayload,
        proposals.reject_proposal,
        "Reject a proposal. Reading stops if it is still in progress.",
    )
