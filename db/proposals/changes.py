"""What a proposal would change, row by row and cell by cell, as it is kept in its `changes`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol
from uuid import UUID

from db.models.proposals import ProposalStatus
from tables.changes import ChangeKind

Kept = Mapping[str, Any]


class Proposed(Protocol):
    """A proposal, as it was read or as it is written."""

    @property
    def status(self) -> ProposalStatus: ...
    @property
    def columns(self) -> Sequence[Kept]: ...
    @property
    def changes(self) -> Kept: ...


@dataclass(frozen=True)
class Place:
    """Where a change is: its row, and its column among the proposal's; None for the row itself."""

    row: int
    column: int | None = None


@dataclass(frozen=True)
class ProposedChange:
    """ROW_ADDED for a new row, then CELL_CHANGED for each of its cells; of a row of the table only what differs.

    `row` is the id of the row's ROW_ADDED, `row_id` the row that it became, or that is changed.
    """

    id: str
    place: Place
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


def named(place: Place, columns: Sequence[Kept]) -> str:
    """A place as `changes` writes it: "2", or "2.c1"."""
    return str(place.row) if place.column is None else f"{place.row}.{columns[place.column]['key']}"


def identified(proposal: Proposed) -> Iterator[tuple[str, Place]]:
    """The ids of all changes, also of those that change nothing: they stay the same when rows are added."""
    ids = map(str, count(1))
    for number, cells in enumerate(proposal.changes["rows"]):
        yield next(ids), Place(number)
        for place, cell in enumerate(cells):
            if cell:
                yield next(ids), Place(number, place)


def origin(changes: Kept, cell: Sequence[Any]) -> dict[str, Any]:
    """Where the cell [value, start, end, quote, grounding, source] was read; EXACT and 0 are left out of old ones."""
    _, start, end, quote, *more = cell
    source = changes["sources"][more[1]] if "sources" in changes else changes
    of = {name: source[name] for name in ("message", "attachment") if name in source}
    return {**of, "start": start, "end": end, "quote": quote, "grounding": more[0] if more else "EXACT"}


def row_of(changes: Kept, number: int) -> UUID | None:
    """The row of the table that a proposed row means, or became."""
    made = changes.get("row_ids") or []
    hexadecimal = (made[number] if number < len(made) else None) or changes.get("matched", {}).get(str(number))
    return UUID(hexadecimal) if hexadecimal else None


def changes_of(proposal: Proposed) -> Iterator[ProposedChange]:
    """What a proposal would change, or has changed, in its order."""
    changes, columns = proposal.changes, proposal.columns
    old, human = changes.get("old", {}), frozenset(changes.get("human", ()))
    problems, statuses = changes.get("problems") or {}, changes.get("statuses") or {}
    over_all, row = ProposalStatus(proposal.status), ""
    for id_, place in identified(proposal):
        cells, is_matched = changes["rows"][place.row], str(place.row) in changes.get("matched", {})
        name, problem = named(place, columns), problems.get(str(place.row)) or problems.get(named(place, columns))
        status = ProposalStatus(statuses.get(id_) or _usual(over_all, problem))
        if place.column is None:
            row = id_
            if is_matched:
                continue
            kind, column, source = ChangeKind.ROW_ADDED, None, None
            new: Any = {column["key"]: cell[0] for column, cell in zip(columns, cells, strict=True) if cell}
        else:
            if is_matched and name not in old and not problem:
                continue  # it is so already
            cell = cells[place.column]
            kind, column = ChangeKind.CELL_CHANGED, columns[place.column]["key"]
            source, new = origin(changes, cell), cell[0]
        row_id = row_of(changes, place.row)
        yield ProposedChange(
            id_, place, kind, row, column, old.get(name), new, source, name in human, row_id, status, problem
        )


def _usual(status: ProposalStatus, problem: str | None) -> ProposalStatus:
    """What became of a change of which nothing else is kept: what does not fit is left out of what is applied."""
    return ProposalStatus.REJECTED if problem and status is ProposalStatus.APPLIED else status
