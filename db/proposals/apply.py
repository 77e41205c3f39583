"""Application of a proposal, whole or in part, to the table as it is now, as one revision.

The rows are matched with the table again, since both may have changed since the proposal was made. A cell that is
neither as it was then nor as it would become is a conflict, unless `force` is given. Afterwards `save` stores the
status of each change; a proposal stays PENDING until none of its changes is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.core.session import Session
from db.models.conversations import Conversation
from db.models.proposals import Proposal, ProposalStatus
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.proposals.changes import (
    CellAddress,
    ProposedChange,
    address_key,
    cell_origin,
    changes_of,
    changes_with_ids,
    table_row_id,
    unsupported_ids,
)
from db.proposals.proposals import column_keys_of, matcher_for, problems_by_address, row_values
from db.proposals.row_matching import CandidateRow, RowMatch, RowMatcher
from db.proposals.selection import ALL_CHANGES, ChangeSelection, check_open, selected_changes
from db.tables.editing.cell_updates import CellConflict
from db.tables.editing.edits import Edit, Origin, check_size
from db.tables.editing.structure import TableDefinition, insert_table
from db.tables.editing.values import MAX_ERRORS, comparison_key
from db.tables.revisions import get_revision
from errors import BadUserInput, Conflict, FieldError, StorageExceeded
from tables.changes import column_from_json
from tables.types.types import CellError, Value

MAX_REPORTED_CONFLICTS = 100


@dataclass(frozen=True)
class ApplyProposalResult:
    table: Table
    proposal: Proposal
    revision: Revision


def apply(session: Session, proposal_id: UUID, selection: ChangeSelection = ALL_CHANGES) -> ApplyProposalResult:
    """Apply the selected changes to the proposal's table, or to a new table of the viewer.

    Columns are matched by name, and missing ones are added. Values that do not fit are left out, and the proposal
    has the reasons. Raises Conflict for cells changed since the proposal was made.
    """
    proposal = session.get_for_update(Proposal, proposal_id)
    check_open(proposal, selection)
    return _apply(session, proposal, selected_changes(proposal, selection), selection)


def apply_without_overwriting(session: Session, proposal: Proposal) -> None:
    """Apply the changes that the person's texts support and that overwrite nobody's value, if the table has room."""
    changes = list(changes_of(proposal))
    pending = unsupported_ids(changes)
    chosen = [change for change in changes if not change.overwrites_human and change.id not in pending]
    if (chosen or not changes) and _fits(session, proposal, chosen):
        _apply(session, proposal, chosen, ALL_CHANGES)


def _fits(session: Session, proposal: Proposal, chosen: Sequence[ProposedChange]) -> bool:
    """Return True if the table and the organization's storage have room for the changes."""
    # Checked before anything is written: the transaction also ends a reply, and must not be rolled back.
    try:
        if proposal.table_id is None:
            check_size(len(proposal.changes["rows"]), len(proposal.columns), "id")
            organization_id = session.get(Conversation, proposal.conversation_id).organization_id
        else:
            edit = Edit.of(session, proposal.table_id)
            _check_room(edit, proposal, chosen)
            organization_id = edit.table.organization_id
        session.check_storage(organization_id)
    except (BadUserInput, StorageExceeded):
        return False
    session.storage.exempt(organization_id)
    return True


def _check_room(edit: Edit, proposal: Proposal, chosen: Sequence[ProposedChange]) -> None:
    missing = matcher_for(proposal, edit).missing_columns
    new = {change.address.row for change in chosen if change.row_id is None}
    edit.check_capacity(rows=len(new), columns=len(missing), field="id")


def _apply(
    session: Session, proposal: Proposal, chosen: Sequence[ProposedChange], selection: ChangeSelection
) -> ApplyProposalResult:
    is_new = proposal.table_id is None
    edit = Edit.of(session, proposal.table_id) if proposal.table_id else _new_table(session, proposal)
    _check_room(edit, proposal, chosen)
    application = _Application(edit, proposal, chosen, selection)
    application.add_columns(everything=is_new)
    application.run()
    revision = edit.finish(ChangeSource.ASSISTANT)
    proposal.table_id = edit.table.id
    application.save()
    return ApplyProposalResult(
        edit.table, proposal, revision or get_revision(session, edit.table.id, edit.table.revision)
    )


def _new_table(session: Session, proposal: Proposal) -> Edit:
    conversation = session.get(Conversation, proposal.conversation_id)
    name = proposal.table_name
    return insert_table(session, TableDefinition(name, (), conversation.id, visibility=conversation.visibility))


class _Application:
    """Application of the selected changes to one table."""

    def __init__(
        self, edit: Edit, proposal: Proposal, chosen: Sequence[ProposedChange], selection: ChangeSelection
    ) -> None:
        self.edit, self.proposal, self.chosen, self.selection = edit, proposal, chosen, selection
        self.rows: dict[int, list[int]] = {}
        for change in chosen:
            places = self.rows.setdefault(change.address.row, [])
            places += [] if change.address.column is None else [change.address.column]
        self.row_ids = {number: row_id for number in self.rows if (row_id := table_row_id(proposal.changes, number))}
        self.done: set[CellAddress] = set()
        self.problems: dict[str, str] = {}
        self.edited: dict[CellAddress, object] = {}

    def add_columns(self, *, everything: bool) -> None:
        """Add the missing columns that get a value, or all of them with `everything`."""
        needed = {index for places in self.rows.values() for index in places}
        for index in matcher_for(self.proposal, self.edit).missing_columns:
            if everything or index in needed:
                self.edit.add_column(column_from_json(self.proposal.columns[index]))

    def run(self) -> None:
        matcher = matcher_for(self.proposal, self.edit)
        self.edited = self._edits(matcher)
        matches = matcher.match([self._candidate(number, places, matcher) for number, places in self.rows.items()])
        if not self.selection.force and (
            conflicts := [c for match in matches for c in self._conflicts(matcher, match)]
        ):
            raise Conflict(_conflict_message(conflicts), conflicts=conflicts[:MAX_REPORTED_CONFLICTS])
        for match in matches:
            self.problems |= problems_by_address(self.proposal, match)
            if not match.problem:
                self._write(matcher, match)

    def _edits(self, matcher: RowMatcher) -> dict[CellAddress, object]:
        """Return the values that replace proposed ones, by address. Raises BadUserInput before anything is changed."""
        chosen = {change.id: change for change in self.chosen}
        edits: dict[CellAddress, object] = {}
        errors: list[FieldError] = []
        for n, edit in enumerate(self.selection.edits):
            change = chosen.get(edit.change_id)
            if change is None or change.address.column is None:
                problem = "Edit only cells that are applied now: use the id of a selected CELL_CHANGED."
                errors.append(FieldError(f"edits.{n}.changeId", problem))
                continue
            try:
                matcher.parse(change.address.column, edit.value)
            except CellError as error:
                errors.append(FieldError(f"edits.{n}.value", str(error)))
            edits[change.address] = edit.value
        if errors:
            raise BadUserInput(errors[0].message, fields=errors[:MAX_ERRORS])
        return edits

    def _candidate(self, number: int, places: Collection[int], matcher: RowMatcher) -> CandidateRow:
        """Return the selected values of a row, and its key values unless the proposal itself added the row."""
        read = row_values(self.proposal.changes["rows"][number])
        is_ours = number in self.row_ids and str(number) not in self.proposal.changes.get("matched", {})
        needed = {*places, *(() if is_ours else matcher.keys)}
        before = set(self.proposal.changes.get("edited", ()))
        mine = {
            index: self.edited.get(CellAddress(number, index), value)
            for index, value in read.items()
            if index in needed
        }
        edited = [
            index
            for index in mine
            if CellAddress(number, index) in self.edited
            or address_key(CellAddress(number, index), self.proposal.columns) in before
        ]
        return CandidateRow(number, mine, self.row_ids.get(number), edited)

    def _conflicts(self, matcher: RowMatcher, match: RowMatch) -> list[CellConflict]:
        """Return the cells that are neither as they were nor as they would become; all cells of a deleted row."""
        known, old = self.row_ids.get(match.index), self.proposal.changes.get("old", {})
        conflicts = []
        for index in match.values if match.row or known else ():
            value, key = match.values[index], matcher.column(index).key
            was = old.get(address_key(CellAddress(match.index, index), self.proposal.columns))
            current = match.row.values.get(key) if match.row else None
            if match.row is None or (current not in (value, was) and not self._is_same(matcher, index, current, value)):
                conflicts.append(CellConflict(match.row.id if match.row else known, key, current, value))
        return conflicts

    def _is_same(self, matcher: RowMatcher, index: int, current: Value, value: Value) -> bool:
        """Return True if a cell of a key column has an equal value, as 1.0 and 1.00."""
        column = matcher.column(index)
        return index in matcher.keys and comparison_key(column, current) == comparison_key(column, value)

    def _write(self, matcher: RowMatcher, match: RowMatch) -> None:
        changes, rows = self.proposal.changes, self.proposal.changes["rows"]
        chosen = set(self.rows[match.index])
        match.values = {index: value for index, value in match.values.items() if index in chosen or not match.row}
        origins: dict[str, Origin] = {}
        for index in match.values:
            is_edited = CellAddress(match.index, index) in self.edited
            by: Origin = {"by": self.edit.session.user_id.hex} if is_edited else {}
            origins[matcher.column(index).key] = by or cell_origin(changes, rows[match.index][index])
        if match.row is None:
            match.row = self.edit.add_row(matcher.with_defaults(match), origins)
            self.row_ids[match.index] = match.row.id
            self.done.add(CellAddress(match.index))
        else:
            for index, value in match.values.items():
                key = matcher.column(index).key
                self.edit.set_cell(match.row, key, value, origins[key])
        self.done |= {CellAddress(match.index, index) for index in match.values}

    def save(self) -> None:
        """Store the status of each change and of the proposal, which stays PENDING while a change is."""
        proposal, changes = self.proposal, dict(self.proposal.changes)
        tried = {
            name
            for change in self.chosen
            for name in (address_key(change.address, proposal.columns), str(change.address.row))
        }
        before = {name: why for name, why in changes.get("problems", {}).items() if name not in tried}
        was = {change.address: change.status for change in changes_of(proposal)}
        changes["problems"] = before | self.problems
        changes["row_ids"] = self._row_ids()
        changes["places"] = column_keys_of(proposal, matcher_for(proposal, self.edit))
        changes["rows"] = self._with_edits()
        edited = (address_key(address, proposal.columns) for address in self.edited)
        changes["edited"] = sorted({*changes.get("edited", ()), *edited})
        new_statuses = {address: self._new_status(address, status) for address, status in was.items()}
        is_pending = ProposalStatus.PENDING in new_statuses.values()
        proposal.status = ProposalStatus.PENDING if is_pending else ProposalStatus.APPLIED
        changes["statuses"] = {
            id_: new_statuses[address]
            for id_, address in changes_with_ids(proposal)
            if address in new_statuses and new_statuses[address] != proposal.status
        }
        proposal.changes = changes

    def _row_ids(self) -> list[str | None]:
        changes = self.proposal.changes
        before = changes.get("row_ids") or [None] * len(changes["rows"])
        added = {address.row for address in self.done if address.column is None}
        return [self.row_ids[n].hex if n in added else id_ for n, id_ in enumerate(before)]

    def _with_edits(self) -> list[list[list[object] | None]]:
        rows = [list(cells) for cells in self.proposal.changes["rows"]]
        for address, value in self.edited.items():
            assert address.column is not None
            rows[address.row][address.column] = [value, *rows[address.row][address.column][1:]]
        return rows

    def _new_status(self, address: CellAddress, status: ProposalStatus) -> ProposalStatus:
        if address in self.done:
            return ProposalStatus.APPLIED
        was_chosen = address.row in self.rows and (address.column is None or address.column in self.rows[address.row])
        return ProposalStatus.REJECTED if was_chosen else status


def _conflict_message(conflicts: Sequence[CellConflict]) -> str:
    cells = "1 cell has" if len(conflicts) == 1 else f"{len(conflicts):,} cells have"
    return (
        f"{cells} changed since this was proposed, so nothing was changed: compare the values, choose other "
        "changeIds, or send force: true."
    )
