"""Changes of a proposal, row by row and cell by cell, read from its stored JSON (`Proposal.changes`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol
from uuid import UUID

from db.models.proposals import ProposalStatus
from tables.changes import ChangeKind

ASSISTANT, MISMATCH = "ASSISTANT", "MISMATCH"

JsonObject = Mapping[str, Any]


class StoredProposal(Protocol):
    """Proposal, as a record of a read or as an object of a session."""

    @property
    def status(self) -> ProposalStatus: ...
    @property
    def columns(self) -> Sequence[JsonObject]: ...
    @property
    def changes(self) -> JsonObject: ...


@dataclass(frozen=True)
class CellAddress:
    """Index of a row of the proposal, and of its column in the row; None for the row itself."""

    row: int
    column: int | None = None


@dataclass(frozen=True)
class ProposedChange:
    """Change: ROW_ADDED for a new row, then CELL_CHANGED for each cell; for an existing row, the cells that differ.

    `row` is the id of the row's ROW_ADDED, `row_id` the row of the table that it became or that it changes.
    """

    id: str
    address: CellAddress
    kind: ChangeKind
    row: str
    column: str | None
    old: Any
    new: Any
    origin: dict[str, Any] | None
    overwrites_human: bool
    row_id: UUID | None
    status: ProposalStatus
    problem: str | None


def address_key(address: CellAddress, columns: Sequence[JsonObject]) -> str:
    """Return an address as a key of `Proposal.changes`: "2" for a row, "2.c1" for a cell."""
    return str(address.row) if address.column is None else f"{address.row}.{columns[address.column]['key']}"


def changes_with_ids(proposal: StoredProposal) -> Iterator[tuple[str, CellAddress]]:
    """Yield the id and address of each possible change.

    Rows and cells that change nothing are counted too, so that ids stay stable while a streamed proposal grows.
    """
    ids = map(str, count(1))
    for number, cells in enumerate(proposal.changes["rows"]):
        yield next(ids), CellAddress(number)
        for address, cell in enumerate(cells):
            if cell:
                yield next(ids), CellAddress(number, address)


def unsupported_ids(changes: Sequence[ProposedChange]) -> set[str]:
    """Return the ids of the changes that are never applied without a person's decision.

    These are cells whose quote says something else, cells that only the assistant said although others come from the
    person, and new rows that have no other cells. A table that the assistant made up as a whole has no such cells.
    """
    cells = [change for change in changes if change.kind is ChangeKind.CELL_CHANGED]
    is_given = any(change.origin and "origin" not in change.origin for change in cells)
    pending = {change.id for change in cells if _is_unsupported(change.origin or {}, is_given=is_given)}
    supported_rows = {change.row for change in cells if change.id not in pending}
    rows = {change.id for change in changes if change.kind is ChangeKind.ROW_ADDED and change.row not in supported_rows}
    return pending | (rows if pending else set())


def _is_unsupported(origin: JsonObject, *, is_given: bool) -> bool:
    return origin.get("grounding") == MISMATCH or (is_given and origin.get("origin") == ASSISTANT)


def cell_origin(changes: JsonObject, cell: Sequence[Any]) -> dict[str, Any]:
    """Return the source of the cell [value, start, end, quote, grounding, source]."""
    # Proposals of earlier versions leave out the grounding EXACT and the source 0.
    _, start, end, quote, *more = cell
    source = changes["sources"][more[1]] if "sources" in changes else changes
    of = {name: source[name] for name in ("message", "attachment", "origin") if name in source}
    grounding = more[0] if more else "EXACT"
    if grounding == "NONE":
        of["origin"] = ASSISTANT
    return {**of, "start": start, "end": end, "quote": quote, "grounding": grounding}


def table_row_id(changes: JsonObject, number: int) -> UUID | None:
    """Return the id of the table's row that a proposed row changes or became."""
    created_ids = changes.get("row_ids") or []
    hexadecimal = (created_ids[number] if number < len(created_ids) else None) or changes.get("matched", {}).get(
        str(number)
    )
    return UUID(hexadecimal) if hexadecimal else None


def changes_of(proposal: StoredProposal) -> Iterator[ProposedChange]:
    """Yield the changes of a proposal, applied or not, in its order."""
    changes, columns = proposal.changes, proposal.columns
    old, human = changes.get("old", {}), frozenset(changes.get("human", ()))
    problems, statuses = changes.get("problems") or {}, changes.get("statuses") or {}
    proposal_status, row = ProposalStatus(proposal.status), ""
    for id_, address in changes_with_ids(proposal):
        cells, is_matched = changes["rows"][address.row], str(address.row) in changes.get("matched", {})
        name, problem = (
            address_key(address, columns),
            problems.get(str(address.row)) or problems.get(address_key(address, columns)),
        )
        status = ProposalStatus(statuses.get(id_) or _default_status(proposal_status, problem))
        if address.column is None:
            row = id_
            if is_matched:
                continue
            kind, column, source = ChangeKind.ROW_ADDED, None, None
            new: Any = {column["key"]: cell[0] for column, cell in zip(columns, cells, strict=True) if cell}
        else:
            if is_matched and name not in old and not problem:
                continue  # the cell already has this value
            cell = cells[address.column]
            kind, column = ChangeKind.CELL_CHANGED, columns[address.column]["key"]
            source, new = cell_origin(changes, cell), cell[0]
        row_id = table_row_id(changes, address.row)
        yield ProposedChange(
            id_, address, kind, row, column, old.get(name), new, source, name in human, row_id, status, problem
        )


def _default_status(status: ProposalStatus, problem: str | None) -> ProposalStatus:
    """Return the status of a change without one of its own: REJECTED in an applied proposal if it did not fit."""
    return ProposalStatus.REJECTED if problem and status is ProposalStatus.APPLIED else status
