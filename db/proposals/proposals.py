"""Proposals of the assistant for a table: rows whose cells have a source, waiting for a decision."""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import and_, func, select

from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.proposals import Proposal, ProposalStatus
from db.models.tables import Table
from db.proposals.changes import ASSISTANT, CellAddress, address_key
from db.proposals.row_matching import CandidateRow, NewTable, RowMatch, RowMatcher, Target
from db.tables.editing.edits import Edit, origin_of
from db.tables.editing.row_buffer import BufferedRow
from errors import Conflict
from tables.changes import column_from_json, column_to_json
from tables.types.types import Column, Value

MAX_PER_TABLE = 50
MAX_COMPARED_ROWS = 5_000  # of a table; a growing proposal is compared with no larger one

of_messages: Prepared[Proposal] = Prepared(
    select(Proposal).where(OneOf(Proposal.message_id)).order_by(Proposal.message_id, Proposal.id)
)
_newest = (
    select(
        Proposal.id.label("id"),
        func.row_number().over(partition_by=Proposal.table_id, order_by=Proposal.id.desc()).label("recency"),
    )
    .where(OneOf(Proposal.table_id))
    .subquery()
)
of_tables: Prepared[Proposal] = Prepared(
    select(Proposal)
    .join(_newest, and_(_newest.c.id == Proposal.id, _newest.c.recency <= MAX_PER_TABLE))
    .order_by(Proposal.id.desc())
)


class ProposedCell(Protocol):
    """Value with its quote; if `grounding` is EXACT, the quote is text[start:end] of the source with index `source`."""

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
    """Source: a message, or a file attached to it."""

    @property
    def message_id(self) -> UUID: ...
    @property
    def attachment_id(self) -> UUID | None: ...
    @property
    def is_assistant(self) -> bool: ...


class ProposedTable(Protocol):
    """Table read from texts; each row has a cell or None for each column."""

    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def rows(self) -> Sequence[Sequence[ProposedCell | None]]: ...
    @property
    def notes(self) -> Sequence[str]: ...


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
    """Store a proposal of the message `message_id`, compared with the table."""
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
    replace = replace_rows if is_complete else replace_partial_rows
    replace(session, proposal, sources, proposed)
    session.add(proposal)
    return proposal


def replace_rows(session: Session, proposal: Proposal, sources: Sequence[Source], proposed: ProposedTable) -> None:
    """Replace the rows of a proposal and compare them with the table."""
    _put(proposal, sources, proposed)
    target: Target
    if proposal.table_id is None:
        target = NewTable({column.key: column for column in proposed.columns})
    else:
        target = Edit.of(session, proposal.table_id)
    compare_with_table(proposal, target)


def replace_partial_rows(
    session: Session, proposal: Proposal, sources: Sequence[Source], proposed: ProposedTable
) -> None:
    """Replace the rows of a proposal that is still growing; only a small table is compared."""
    # This runs for every few rows of a stream, and comparing reads the whole table. A new table needs no comparison:
    # the readers chose its columns to fit the rows.
    _put(proposal, sources, proposed)
    table = session.get(Table, proposal.table_id) if proposal.table_id else None
    if table and table.row_count <= MAX_COMPARED_ROWS:
        compare_with_table(proposal, Edit.of(session, table.id))


def _put(proposal: Proposal, sources: Sequence[Source], proposed: ProposedTable) -> None:
    proposal.columns = [column_to_json(column) for column in proposed.columns]
    proposal.changes = {
        "sources": [_source_json(source) for source in sources],
        "rows": [[cell and _cell_json(cell) for cell in row] for row in proposed.rows],
        "keys": proposal.changes.get("keys", []),
        "places": proposal.changes.get("places", {}),
        "notes": list(proposed.notes),
    }


def _cell_json(cell: ProposedCell) -> list[Any]:
    return [cell.value, cell.start, cell.end, cell.quote, cell.grounding, cell.source]


def _source_json(source: Source) -> dict[str, str]:
    attachment = {"attachment": source.attachment_id.hex} if source.attachment_id else {}
    origin = {"origin": ASSISTANT} if source.is_assistant else {}
    return {"message": source.message_id.hex, **attachment, **origin}


def compare_with_table(proposal: Proposal, target: Target) -> None:
    """Store which rows exist in the table, the current values that differ, and the values that do not fit."""
    matcher = matcher_for(proposal, target)
    matches = matcher.match([CandidateRow(n, row_values(cells)) for n, cells in enumerate(proposal.changes["rows"])])
    matched: dict[str, str] = {}
    problems: dict[str, str] = {}
    old: dict[str, Value] = {}
    human: list[str] = []
    for match in matches:
        problems |= problems_by_address(proposal, match)
        if not match.row:
            continue
        matched[str(match.index)] = match.row.id.hex
        for index, value in match.values.items():
            key, name = matcher.column(index).key, address_key(CellAddress(match.index, index), proposal.columns)
            if match.row.values.get(key) != value:
                old[name] = match.row.values.get(key)
                human += [name] if is_entered_by_person(match.row, key) else []
    comparison = {"matched": matched, "old": old, "human": human, "problems": problems}
    proposal.changes = {**proposal.changes, **comparison, "places": column_keys_of(proposal, matcher)}


def matcher_for(proposal: Proposal, target: Target) -> RowMatcher:
    """Return the matcher of the proposal's rows with its table, or with the table that it would create."""
    columns = [column_from_json(column) for column in proposal.columns]
    known = proposal.changes.get("places", {}) if proposal.table_id else {}
    return RowMatcher(target, columns, proposal.changes.get("keys", ()), known)


def column_keys_of(proposal: Proposal, matcher: RowMatcher) -> dict[str, str]:
    """Return the table's column key for each column name known so far; empty if there is no table yet."""
    return {**proposal.changes.get("places", {}), **matcher.column_keys} if proposal.table_id else {}


def row_values(cells: Sequence[Any]) -> dict[int, Value]:
    """Return the values of a row by column index."""
    return {index: cell[0] for index, cell in enumerate(cells) if cell}


def problems_by_address(proposal: Proposal, match: RowMatch) -> dict[str, str]:
    """Return the problems of a row and its cells by `address_key`."""
    if match.problem:
        return {str(match.index): match.problem}
    return {
        address_key(CellAddress(match.index, index), proposal.columns): why for index, why in match.problems.items()
    }


def is_entered_by_person(row: BufferedRow, key: str) -> bool:
    """Return True if a person entered the cell's value or emptied it."""
    origin = origin_of(row, key) or {}
    return "by" in origin or (row.values.get(key) is not None and "message" not in origin)


def reject(session: Session, proposal_id: UUID) -> Proposal:
    """Reject a proposal, or the rest of a partly applied one; rejecting it again changes nothing."""
    proposal = session.get_for_update(Proposal, proposal_id)
    if proposal.status is ProposalStatus.APPLIED:
        raise Conflict("This proposal was applied already: undo it with undoRevision, or delete the table.")
    proposal.status = ProposalStatus.REJECTED
    return proposal
