"""Which changes of a proposal somebody wants, and what they want instead of some values."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.models.proposals import Proposal, ProposalStatus
from db.proposals.changes import ProposedChange, changes_of
from errors import BadUserInput, Conflict
from tables.changes import ChangeKind


@dataclass(frozen=True)
class ChangeEdit:
    """What a person wants in a cell instead of what was read."""

    change_id: str
    value: object


@dataclass(frozen=True)
class Choice:
    """What is applied: the changes with these ids, or all; with `force` also over what has changed since."""

    change_ids: Sequence[str] | None = None
    edits: Sequence[ChangeEdit] = ()
    force: bool = False


EVERYTHING = Choice()


def check_open(proposal: Proposal, choice: Choice) -> None:
    if not proposal.is_complete:
        raise Conflict("The rows of this proposal are still being read: wait until it isComplete.")
    is_over = proposal.status is not ProposalStatus.PENDING
    if is_over and (choice.change_ids is None or proposal.status is ProposalStatus.REJECTED):
        raise Conflict(f"This proposal was {proposal.status.lower()} already.")


def chosen_of(proposal: Proposal, choice: Choice) -> list[ProposedChange]:
    """The changes that are meant. A row stands for all its cells, unless some of them are named."""
    changes = {change.id: change for change in changes_of(proposal)}
    if choice.change_ids is None:
        return [change for change in changes.values() if change.status is ProposalStatus.PENDING]
    for n, id_ in enumerate(choice.change_ids):
        if id_ not in changes:
            raise BadUserInput.of(f"changeIds.{n}", "The proposal has no such change: see its `changes`.")
        if changes[id_].status is ProposalStatus.APPLIED:
            raise Conflict(f"changeIds.{n}: this change was applied already.")
    ids = set(choice.change_ids)
    meant = [change for change in changes.values() if change.id in ids]
    with_cells = {change.place.row for change in meant if change.kind is ChangeKind.CELL_CHANGED}
    whole = {change.place.row for change in meant} - with_cells
    others = (ProposalStatus.PENDING, ProposalStatus.REJECTED)
    return [c for c in changes.values() if c.id in ids or (c.place.row in whole and c.status in others)]
