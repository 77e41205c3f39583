"""What the assistant would put into a table, each cell with its source, until somebody decides."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import and_, func, select

from db.core.prepared import OneOf, Prepared
from db.core.session import Session
from db.models.proposals import Proposal, ProposalStatus
from db.models.tables import Table
from db.proposals.changes import Place, named
from db.proposals.row_matching import CandidateRow, NewTable, RowMatch, RowMatcher, Target
from db.tables.editing.edits import Edit, origin_of
from db.tables.editing.row_buffer import BufferedRow
from errors import Conflict
from tables.changes import column_of, definition
from tables.types.types import Column, Value

MAX_OF_TABLE = 50
MAX_COMPARED = 5_000  # rows of a table with which a growing proposal is compared

of_messages: Prepared[Proposal] = Prepared(
    select(Proposal).where(OneOf(Proposal.message_id)).order_by(Proposal.message_id, Proposal.id)
)
_newest = (
    select(
        Proposal.id.label("id"),
        func.row_number().over(partition_by=Proposal.table_id, order_by=Proposal.id.desc()).label("place"),
    )
    .where(OneOf(Proposal.table_id))
    .subquery()
)
of_tables: Prepared[Proposal] = Prepared(
    select(Proposal)
    .join(_newest, and_(_newest.c.id == Proposal.id, _newest.c.place <= MAX_OF_TABLE))
    .order_by(Proposal.id.desc())
)


class ProposedCell(Protocol):
    """A value and its quote; EXACT is the text[start:end] of the source with this index."""

    @property
    def value(self) -> Value: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def quote(self) -> str: ...
    @property
    def grounding(self) -> str: ...
    @property
    def source(self) -> int: ...


class Source(Protocol):
    """A message, or a file that came with it."""

    @property
    def message_id(self) -> UUID: ...
    @property
    def attachment_id(self) -> UUID | None: ...


class ProposedTable(Protocol):
    """What was read out of texts; rows are as wide as the columns."""

    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def rows(self) -> Sequence[Sequence[ProposedCell | None]]: ...


def propose(
    session: Session,
    conversation_id: UUID,
    message_id: UUID | None,
    sources: Sequence[Source],
    proposed: ProposedTable,
    *,
    table_id: UUID | None,
    is_complete: bool = True,
) -> Proposal:
    """Keep a proposal of the message `message_id`, with what of it the table has already and what does not fit."""
    proposal = Proposal(
        conversation_id=conversation_id,
        message_id=message_id,
        table_id=table_id,
        status=ProposalStatus.PENDING,
        table_name=proposed.name,
        columns=[],
        changes={},
        is_complete=is_complete,
    )
    put = fill if is_complete else show
    put(session, proposal, sources, proposed)
    session.add(proposal)
    return proposal


def fill(session: Session, proposal: Proposal, sources: Sequence[Source], proposed: ProposedTable) -> None:
    """Put what was read into a proposal, in place of what was there."""
    _put(proposal, sources, proposed)
    target: Target
    if proposal.table_id is None:
        target = NewTable({column.key: column for column in proposed.columns})
    else:
        target = Edit.of(session, proposal.table_id)
    compare(proposal, target)


def show(session: Session, proposal: Proposal, sources: Sequence[Source], proposed: ProposedTable) -> None:
    """As `fill`, while rows are still read, many times over: only a small table is compared, which is what this costs.

    What readers found fits the table that it would make.
    """
    _put(proposal, sources, proposed)
    table = session.get(Table, proposal.table_id) if proposal.table_id else None
    if table and table.row_count <= MAX_COMPARED:
        compare(proposal, Edit.of(session, table.id))


def _put(proposal: Proposal, sources: Sequence[Source], proposed: ProposedTable) -> None:
    proposal.columns = [definition(column) for column in proposed.columns]
    proposal.changes = {
        "sources": [_named(source) for source in sources],
        "rows": [[cell and _kept(cell) for cell in row] for row in proposed.rows],
        "keys": proposal.changes.get("keys", []),
        "places": proposal.changes.get("places", {}),
    }


def _kept(cell: ProposedCell) -> list[Any]:
    return [cell.value, cell.start, cell.end, cell.quote, cell.grounding, cell.source]


def _named(source: Source) -> dict[str, str]:
    attachment = {"attachment": source.attachment_id.hex} if source.attachment_id else {}
    return {"message": source.message_id.hex, **attachment}


def compare(proposal: Proposal, target: Target) -> None:
    """Keep which rows the table has, what stands in their cells, and what does not fit."""
    fitting = fitting_of(proposal, target)
    fits = fitting.fit([CandidateRow(n, values(cells)) for n, cells in enumerate(proposal.changes["rows"])])
    matched: dict[str, str] = {}
    problems: dict[str, str] = {}
    old: dict[str, Value] = {}
    human: list[str] = []
    for fit in fits:
        problems |= problems_in(proposal, fit)
        if not fit.row:
            continue
        matched[str(fit.number)] = fit.row.id.hex
        for place, value in fit.values.items():
            key, name = fitting.column(place).key, named(Place(fit.number, place), proposal.columns)
            if fit.row.values.get(key) != value:
                old[name] = fit.row.values.get(key)
                human += [name] if is_human(fit.row, key) else []
    found = {"matched": matched, "old": old, "human": human, "problems": problems}
    proposal.changes = {**proposal.changes, **found, "places": places_of(proposal, fitting)}


def fitting_of(proposal: Proposal, target: Target) -> RowMatcher:
    """What fits the proposal's rows to its table, or to the one that it would make."""
    columns = [column_of(column) for column in proposal.columns]
    known = proposal.changes.get("places", {}) if proposal.table_id else {}
    return RowMatcher(target, columns, proposal.changes.get("keys", ()), known)


def places_of(proposal: Proposal, fitting: RowMatcher) -> dict[str, str]:
    """The columns of the table that are known by now; of a table that is still to be made, none."""
    return {**proposal.changes.get("places", {}), **fitting.places} if proposal.table_id else {}


def values(cells: Sequence[Any]) -> dict[int, Value]:
    """What was read in a row, by the place of its column."""
    return {place: cell[0] for place, cell in enumerate(cells) if cell}


def problems_in(proposal: Proposal, fit: RowMatch) -> dict[str, str]:
    """Why a row does not fit, or cells of it, as a proposal keeps it."""
    if fit.problem:
        return {str(fit.number): fit.problem}
    return {named(Place(fit.number, place), proposal.columns): why for place, why in fit.problems.items()}


def is_human(row: BufferedRow, key: str) -> bool:
    """Whether what stands in a cell, or that it is empty, is a person's doing."""
    origin = origin_of(row, key) or {}
    return "by" in origin or (row.values.get(key) is not None and "message" not in origin)


def reject(session: Session, proposal_id: UUID) -> Proposal:
    """Put a proposal aside; of one that is in the table in part, the rest. One that was put aside before stays so."""
    proposal = session.get_for_update(Proposal, proposal_id)
    if proposal.status is ProposalStatus.APPLIED:
        raise Conflict("This proposal was applied already: take it back with undoRevision, or delete the table.")
    proposal.status = ProposalStatus.REJECTED
    return proposal
