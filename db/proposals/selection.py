"""Selection of the changes of a proposal to apply, with values that replace the proposed ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.models.proposals import Proposal, ProposalStatus
from db.proposals.changes import ProposedChange, changes_of
from errors import BadUserInput, Conflict
from tables.changes import ChangeKind


@dataclass(frozen=True)
class ChangeEdit:
    """Value of a person that replaces a proposed one."""

    change_id: str
    value: object


@dataclass(frozen=True)
class ChangeSelection:
    """Changes to apply: those with these ids, or all; `force` also overwrites cells changed since the proposal."""

    change_ids: Sequence[str] | None = None
    edits: Sequence[ChangeEdit] = ()
    force: bool = False


ALL_CHANGES = ChangeSelection()


def check_open(proposal: Proposal, selection: ChangeSelection) -> None:
    """Raise Conflict if the proposal is still growing, or was applied or rejected already."""
    if not proposal.is_complete:
        raise Conflict("The rows of this proposal are still being read: wait until `isComplete` is true.")
    is_over = proposal.status is not ProposalStatus.PENDING
    if is_over and (selection.change_ids is None or proposal.status is ProposalStatus.REJECTED):
        raise Conflict(f"This proposal was {proposal.status.lower()} already.")


def selected_changes(proposal: Proposal, selection: ChangeSelection) -> list[ProposedChange]:
    """Return the selected changes. The id of a row selects all its cells, unless some of these are selected too."""
    changes = {change.id: change for change in changes_of(proposal)}
    if selection.change_ids is None:
        return [change for change in changes.values() if change.status is ProposalStatus.PENDING]
    for n, id_ in enumerate(selection.change_ids):
        if id_ not in changes:
            raise BadUserInput.of(
                f"changeIds.{n}", f"The proposal has no change {id_[:40]!r}. Use ids of its `changes`."
            )
        if changes[id_].status is ProposalStatus.APPLIED:
            raise Conflict(f"changeIds.{n}: this change was applied already.")
    ids = set(selection.change_ids)
    selected = [change for change in changes.values() if change.id in ids]
    with_cells = {change.address.row for change in selected if change.kind is ChangeKind.CELL_CHANGED}
    whole_rows = {change.address.row for change in selected} - with_cells
    open_statuses = (ProposalStatus.PENDING, ProposalStatus.REJECTED)
    return [c for c in changes.values() if c.id in ids or (c.address.row in whole_rows and c.status in open_statuses)]
