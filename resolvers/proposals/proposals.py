"""Proposals: list, apply and reject the changes that the assistant proposes to tables."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any

import strawberry
from strawberry import UNSET, argument
from strawberry.scalars import JSON

from db.conversations import extractions
from db.models.messages import Message
from db.models.proposals import Proposal, ProposalStatus
from db.models.tables import Row, Table
from db.proposals import apply, changes, proposals
from db.proposals.apply import ApplyProposalResult
from db.proposals.changes import ProposedChange
from db.proposals.selection import ChangeEdit, ChangeSelection
from errors import BadUserInput, Conflict
from resolvers.core.context import Info
from resolvers.core.ids import decode_id, global_id
from resolvers.tables.cell_values import Source, source_in
from resolvers.tables.conflicts import client_conflict
from resolvers.tables.tables import forget_columns
from tables.changes import column_from_json
from tables.types.types import Column


@strawberry.input(description="Replacement for a proposed value.")
class ProposalEdit:
    change_id: strawberry.ID = strawberry.field(description="Id of the CELL_CHANGED change whose value is replaced.")
    value: JSON | None = strawberry.field(default=UNSET, description="The value, or null for an empty cell.")


@dataclass(frozen=True)
class RejectProposalResult:
    proposal: Proposal


async def list_proposals_of_table(
    root: strawberry.Parent[Any],
    info: Info,
    status: Annotated[ProposalStatus | None, argument(description="Only proposals with this status.")] = None,
) -> list[Proposal]:
    # Filtered below, so that fields with different statuses share one query.
    newest = await info.context.children(proposals.of_tables, root.id, "table_id")
    return [proposal for proposal in newest if status in {None, proposal.status}]


async def table_of(root: strawberry.Parent[Any], info: Info) -> Table | None:
    return await info.context.by_id(Table, root.table_id)


async def message_of(root: strawberry.Parent[Any], info: Info) -> Message | None:
    return await info.context.by_id(Message, root.message_id)


def list_columns(root: strawberry.Parent[Any]) -> list[Column]:
    return [replace(column_from_json(column), scope=root.hex_id) for column in root.columns]


def list_notes(root: strawberry.Parent[Any]) -> list[str]:
    return list(root.changes.get("notes", ()))


def list_changes(root: strawberry.Parent[Any]) -> Iterable[ProposedChange]:
    return list(changes.changes_of(root))


def row_id_of(root: strawberry.Parent[ProposedChange]) -> strawberry.ID:
    """Return the id of the changed or added row; of a row that is only proposed, that of the change that adds it."""
    return strawberry.ID(root.row) if root.row_id is None else global_id(Row, root.row_id)


def source_of(root: strawberry.Parent[ProposedChange]) -> Source | None:
    return source_in(root.origin)


async def apply_proposal(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="Id of the proposal to apply.")],
    change_ids: Annotated[
        list[strawberry.ID] | None,
        argument(
            description="Only these of its `changes`: a row stands for all its cells, cells bring their row with them. "
            "The others stay PENDING."
        ),
    ] = None,
    edits: Annotated[
        list[ProposalEdit] | None, argument(description="Values to write instead of the proposed ones.")
    ] = None,
    force: Annotated[
        bool,
        argument(description="Also overwrite cells that changed since the proposal; otherwise they are a CONFLICT."),
    ] = False,
) -> ApplyProposalResult:
    selection = ChangeSelection(change_ids, [_edit(n, edit) for n, edit in enumerate(edits or ())], force)
    try:
        applied = await info.context.write(apply.apply, decode_id(id, Proposal), selection)
    except Conflict as conflict:
        raise await client_conflict(info.context, conflict) from None
    forget_columns(info.context)
    return applied


def _edit(number: int, edit: ProposalEdit) -> ChangeEdit:
    if edit.value is UNSET:
        raise BadUserInput.of(f"edits.{number}.value", "Send the value, or null for an empty cell.")
    return ChangeEdit(edit.change_id, edit.value)


async def reject_proposal(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of the proposal to reject.")]
) -> RejectProposalResult:
    return RejectProposalResult(await info.context.write(extractions.reject, decode_id(id, Proposal)))
