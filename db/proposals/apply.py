"""A proposal applied: all of it or what somebody chose, against the table as it is now, as one revision."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.core.session import Session
from db.models.conversations import Conversation
from db.models.proposals import Proposal, ProposalStatus
from db.models.revisions import ChangeSource, Revision
from db.models.tables import Table
from db.proposals.changes import Place, ProposedChange, changes_of, identified, named, origin, row_of
from db.proposals.proposals import fitting_of, places_of, problems_in, values
from db.proposals.row_matching import CandidateRow, RowMatch, RowMatcher
from db.proposals.selection import EVERYTHING, Choice, check_open, chosen_of
from db.tables.editing.cell_updates import CellConflict
from db.tables.editing.edits import Edit, Origin, check_size
from db.tables.editing.structure import Beginning, begin
from db.tables.editing.values import MAX_ERRORS, same
from db.tables.revisions import numbered
from errors import BadUserInput, Conflict, FieldError
from tables.changes import column_of
from tables.types.types import CellError, Value

MAX_SHOWN = 100


@dataclass(frozen=True)
class Applied:
    table: Table
    proposal: Proposal
    revision: Revision


def apply(session: Session, proposal_id: UUID, choice: Choice = EVERYTHING) -> Applied:
    """Put what is chosen into the proposal's table, or into a new one of the viewer's.

    Columns are matched by name, and added where there is none. What has changed since the proposal was made is a
    Conflict. What does not fit is left out, and the proposal says why.
    """
    proposal = session.get_for_update(Proposal, proposal_id)
    check_open(proposal, choice)
    return _apply(session, proposal, chosen_of(proposal, choice), choice)


def apply_harmless(session: Session, proposal: Proposal) -> None:
    """Apply what overwrites nothing that a person entered; nothing when the table has no room for it."""
    changes = list(changes_of(proposal))
    chosen = [change for change in changes if not change.overwrites_human]
    if (chosen or not changes) and _fits(session, proposal, chosen):
        _apply(session, proposal, chosen, EVERYTHING)


def _fits(session: Session, proposal: Proposal, chosen: Sequence[ProposedChange]) -> bool:
    """Asked before anything is written, for the proposal is kept even when the table cannot be."""
    try:
        if proposal.table_id is None:
            check_size(len(proposal.changes["rows"]), len(proposal.columns), "id")
        else:
            _check_room(Edit.of(session, proposal.table_id), proposal, chosen)
    except BadUserInput:
        return False
    return True


def _check_room(edit: Edit, proposal: Proposal, chosen: Sequence[ProposedChange]) -> None:
    missing = fitting_of(proposal, edit).missing
    new = {change.place.row for change in chosen if change.row_id is None}
    edit.check_room(rows=len(new), columns=len(missing), field="id")


def _apply(session: Session, proposal: Proposal, chosen: Sequence[ProposedChange], choice: Choice) -> Applied:
    is_new = proposal.table_id is None
    edit = Edit.of(session, proposal.table_id) if proposal.table_id else _new_table(session, proposal)
    _check_room(edit, proposal, chosen)
    applying = _Applying(edit, proposal, chosen, choice)
    applying.add_columns(everything=is_new)
    applying.run()
    revision = edit.finish(ChangeSource.ASSISTANT)
    proposal.table_id = edit.table.id
    applying.keep()
    return Applied(edit.table, proposal, revision or numbered(session, edit.table.id, edit.table.revision))


def _new_table(session: Session, proposal: Proposal) -> Edit:
    conversation = session.get(Conversation, proposal.conversation_id)
    name = proposal.table_name
    return begin(session, Beginning(name, (), conversation.id, visibility=conversation.visibility))


class _Applying:
    """The chosen changes on their way into the table."""

    def __init__(self, edit: Edit, proposal: Proposal, chosen: Sequence[ProposedChange], choice: Choice) -> None:
        self.edit, self.proposal, self.chosen, self.choice = edit, proposal, chosen, choice
        self.rows: dict[int, list[int]] = {}
        for change in chosen:
            places = self.rows.setdefault(change.place.row, [])
            places += [] if change.place.column is None else [change.place.column]
        self.row_ids = {number: row_id for number in self.rows if (row_id := row_of(proposal.changes, number))}
        self.done: set[Place] = set()
        self.problems: dict[str, str] = {}
        self.edited: dict[Place, object] = {}

    def add_columns(self, *, everything: bool) -> None:
        """Those that the table does not have and that something goes into."""
        wanted = {place for places in self.rows.values() for place in places}
        for place in fitting_of(self.proposal, self.edit).missing:
            if everything or place in wanted:
                self.edit.add_column(column_of(self.proposal.columns[place]))

    def run(self) -> None:
        fitting = fitting_of(self.proposal, self.edit)
        self.edited = self._edits(fitting)
        fits = fitting.fit([self._given(number, places, fitting) for number, places in self.rows.items()])
        if not self.choice.force and (conflicts := [c for fit in fits for c in self._conflicts(fitting, fit)]):
            raise Conflict(_said(conflicts), conflicts=conflicts[:MAX_SHOWN])
        for fit in fits:
            self.problems |= problems_in(self.proposal, fit)
            if not fit.problem:
                self._put(fitting, fit)

    def _edits(self, fitting: RowMatcher) -> dict[Place, object]:
        """What people say instead, by place; checked before anything is changed."""
        chosen = {change.id: change for change in self.chosen}
        found: dict[Place, object] = {}
        errors: list[FieldError] = []
        for n, edit in enumerate(self.choice.edits):
            change = chosen.get(edit.change_id)
            if change is None or change.place.column is None:
                raise BadUserInput.of(f"edits.{n}.changeId", "Name a cell that is applied now: a CELL_CHANGED.")
            try:
                fitting.read(change.place.column, edit.value)
            except CellError as error:
                errors.append(FieldError(f"edits.{n}.value", str(error)))
            found[change.place] = edit.value
        if errors:
            raise BadUserInput(errors[0].message, fields=errors[:MAX_ERRORS])
        return found

    def _given(self, number: int, places: Collection[int], fitting: RowMatcher) -> CandidateRow:
        """The chosen values of a row, and those that tell which row it is, unless the proposal itself added it."""
        read = values(self.proposal.changes["rows"][number])
        is_ours = number in self.row_ids and str(number) not in self.proposal.changes.get("matched", {})
        wanted = {*places, *(() if is_ours else fitting.keys)}
        before = set(self.proposal.changes.get("edited", ()))
        mine = {place: self.edited.get(Place(number, place), value) for place, value in read.items() if place in wanted}
        edited = [
            place
            for place in mine
            if Place(number, place) in self.edited or named(Place(number, place), self.proposal.columns) in before
        ]
        return CandidateRow(number, mine, self.row_ids.get(number), edited)

    def _conflicts(self, fitting: RowMatcher, fit: RowMatch) -> list[CellConflict]:
        """Cells that are neither as they were nor as they would become; all, of a row that is gone."""
        known, old = self.row_ids.get(fit.number), self.proposal.changes.get("old", {})
        found = []
        for place in fit.values if fit.row or known else ():
            value, key = fit.values[place], fitting.column(place).key
            was = old.get(named(Place(fit.number, place), self.proposal.columns))
            current = fit.row.values.get(key) if fit.row else None
            if fit.row is None or (current not in (value, was) and not self._is_same(fitting, place, current, value)):
                found.append(CellConflict(fit.row.id if fit.row else known, key, current, value))
        return found

    def _is_same(self, fitting: RowMatcher, place: int, current: Value, value: Value) -> bool:
        """Whether a cell that tells which row it is still does: 1.0 is 1.00."""
        column = fitting.column(place)
        return place in fitting.keys and same(column, current) == same(column, value)

    def _put(self, fitting: RowMatcher, fit: RowMatch) -> None:
        changes, rows = self.proposal.changes, self.proposal.changes["rows"]
        chosen = set(self.rows[fit.number])
        fit.values = {place: value for place, value in fit.values.items() if place in chosen or not fit.row}
        origins: dict[str, Origin] = {}
        for place in fit.values:
            is_edited = Place(fit.number, place) in self.edited
            by: Origin = {"by": self.edit.session.user_id.hex} if is_edited else {}
            origins[fitting.column(place).key] = by or origin(changes, rows[fit.number][place])
        if fit.row is None:
            fit.row = self.edit.add_row(fitting.with_defaults(fit), origins)
            self.row_ids[fit.number] = fit.row.id
            self.done.add(Place(fit.number))
        else:
            for place, value in fit.values.items():
                key = fitting.column(place).key
                self.edit.set_cell(fit.row, key, value, origins[key])
        self.done |= {Place(fit.number, place) for place in fit.values}

    def keep(self) -> None:
        """What became of each change, and of the proposal: it is over when nothing of it waits."""
        proposal, changes = self.proposal, dict(self.proposal.changes)
        tried = {
            name for change in self.chosen for name in (named(change.place, proposal.columns), str(change.place.row))
        }
        before = {name: why for name, why in changes.get("problems", {}).items() if name not in tried}
        was = {change.place: change.status for change in changes_of(proposal)}
        changes["problems"] = before | self.problems
        changes["row_ids"] = self._row_ids()
        changes["places"] = places_of(proposal, fitting_of(proposal, self.edit))
        changes["rows"] = self._with_edits()
        edited = (named(place, proposal.columns) for place in self.edited)
        changes["edited"] = sorted({*changes.get("edited", ()), *edited})
        became = {place: self._became(place, status) for place, status in was.items()}
        is_pending = ProposalStatus.PENDING in became.values()
        proposal.status = ProposalStatus.PENDING if is_pending else ProposalStatus.APPLIED
        changes["statuses"] = {
            id_: became[place]
            for id_, place in identified(proposal)
            if place in became and became[place] != proposal.status
        }
        proposal.changes = changes

    def _row_ids(self) -> list[str | None]:
        changes = self.proposal.changes
        before = changes.get("row_ids") or [None] * len(changes["rows"])
        made = {place.row for place in self.done if place.column is None}
        return [self.row_ids[n].hex if n in made else id_ for n, id_ in enumerate(before)]

    def _with_edits(self) -> list[list[list[object] | None]]:
        rows = [list(cells) for cells in self.proposal.changes["rows"]]
        for place, value in self.edited.items():
            assert place.column is not None
            rows[place.row][place.column] = [value, *rows[place.row][place.column][1:]]
        return rows

    def _became(self, place: Place, status: ProposalStatus) -> ProposalStatus:
        if place in self.done:
            return ProposalStatus.APPLIED
        was_chosen = place.row in self.rows and (place.column is None or place.column in self.rows[place.row])
        return ProposalStatus.REJECTED if was_chosen else status


def _said(conflicts: Sequence[CellConflict]) -> str:
    cells = "1 cell has" if len(conflicts) == 1 else f"{len(conflicts):,} cells have"
    return (
        f"{cells} changed since this was proposed, so nothing was changed: compare the values, choose other "
        "changeIds, or send force: true."
    )
