"""Matching of a table in a reply with one that the person gave: which rows and columns are the same."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import islice

from assistant.reading.extraction import ProposedCell, ProposedTable
from assistant.reading.value_search import folded_text, reads_as
from tables.types.null_words import is_null
from tables.types.types import NUMERIC_TYPES, CellError, Column, ColumnType, parse

MAX_CANDIDATES = 40  # rows with one value that are compared
MIN_EQUAL = 0.5  # of the filled cells of a row, for it to be the same row
MIN_ROWS_MATCHED = 0.6  # of the reply's rows, for the tables to be the same
MAX_CONFLICTS = 0.25  # of the cells that both have

_AMOUNT = Column("c0", "Amount", ColumnType.CURRENCY)
_AMOUNTS = (_AMOUNT, replace(_AMOUNT, format=","), replace(_AMOUNT, type=ColumnType.DECIMAL))

Cells = tuple[ProposedCell | None, ...]


@dataclass(frozen=True)
class TableMatch:
    """Rows and columns of a reply's table with the index of the same one in the person's table.

    `conflicts` are the cells, by row and column of the reply's table, that say something else than the person's.
    """

    rows: Mapping[int, int]
    columns: Mapping[int, int]
    conflicts: Sequence[tuple[int, int]]


def match_tables(reply: ProposedTable, original: ProposedTable) -> TableMatch | None:
    """Return which rows and columns of a reply's table are those of the person's table, or None for another table."""
    reply_keys = [_row_keys(reply.columns, row) for row in reply.rows]
    given_keys = [_row_keys(original.columns, row) for row in original.rows]
    rows = _match_rows(reply_keys, given_keys)
    if not rows or len(rows) < MIN_ROWS_MATCHED * sum(map(any, reply_keys)):  # `| … | … |` is no row
        return None
    columns = _match_columns(reply_keys, given_keys, rows)
    compared = [
        (row, column)
        for row in rows
        for column, other in columns.items()
        if is_filled(reply.rows[row][column]) and is_filled(original.rows[rows[row]][other])
    ]
    conflicts = [
        (row, column)
        for row, column in compared
        if not _is_equal(reply, original, (row, column), (rows[row], columns[column]))
    ]
    if not compared or len(conflicts) > MAX_CONFLICTS * len(compared):
        return None
    if len(columns) < len(original.columns) and _sums_up(reply, reply_keys, given_keys, rows, columns):
        return None
    if len(compared) == 1 < min(len(original.rows), sum(map(bool, reply_keys[next(iter(rows))]))):
        return None  # one word of one row, such as the name of the best, is in another table too
    return TableMatch(rows, columns, conflicts)


def _sums_up(
    reply: ProposedTable,
    reply_keys: Sequence[Sequence[frozenset[str]]],
    given_keys: Sequence[Sequence[frozenset[str]]],
    rows: Mapping[int, int],
    columns: Mapping[int, int],
) -> bool:
    """Return whether a row that only the reply has is a group of the person's rows: cost by department."""
    texts = [(i, j) for i, j in columns.items() if reply.columns[i].type not in NUMERIC_TYPES]
    return any(
        sum(not keys[i].isdisjoint(row[j]) for row in given_keys) > 1
        for number, keys in enumerate(reply_keys)
        if number not in rows
        for i, j in texts
        if keys[i]
    )


def is_filled(cell: ProposedCell | None) -> bool:
    """Return whether a cell has a value, and not a mark that says it has none."""
    return cell is not None and cell.value is not None and not is_null(str(cell.value))


def _row_keys(columns: Sequence[Column], row: Cells) -> list[frozenset[str]]:
    """Return texts for each cell of which equal values share one, however they are written."""
    return [
        frozenset(_keys(column, cell)) if cell is not None and is_filled(cell) else frozenset()
        for column, cell in zip(columns, row, strict=True)
    ]


def _keys(column: Column, cell: ProposedCell) -> Iterator[str]:
    yield comparable(column, cell)
    yield folded_text(cell.quote)
    if column.type not in NUMERIC_TYPES and any(map(str.isdigit, cell.quote)):
        for amount in _AMOUNTS:
            try:
                yield _plain(parse(amount, cell.quote.strip("*_` ")))
            except (CellError, InvalidOperation):
                continue


def comparable(column: Column, cell: ProposedCell) -> str:
    """Return a text that is the same for equal values."""
    if column.type in NUMERIC_TYPES:
        try:
            return _plain(cell.value)
        except InvalidOperation:
            pass
    return folded_text(str(cell.value))


def _plain(value: object) -> str:
    return str(Decimal(str(value)).normalize())


def _match_rows(
    reply: Sequence[Sequence[frozenset[str]]], original: Sequence[Sequence[frozenset[str]]]
) -> dict[int, int]:
    """Return the index of the person's row for each row of the reply that has one; none is used twice."""
    by_key: dict[str, deque[int]] = {}
    for number, row in enumerate(original):
        for key in frozenset().union(*row):
            by_key.setdefault(key, deque()).append(number)
    matched: dict[int, int] = {}
    used: set[int] = set()
    for number, row in enumerate(reply):
        votes = _votes(row, by_key, used)
        filled = sum(map(bool, row))
        best = max(votes, key=lambda candidate: (votes[candidate], -candidate), default=None)
        if best is not None and votes[best] >= MIN_EQUAL * filled:
            matched[number] = best
            used.add(best)
    return matched


def _votes(row: Iterable[frozenset[str]], by_key: Mapping[str, deque[int]], used: set[int]) -> Counter[int]:
    """Return in how many cells each row that is still free agrees with a row of the reply."""
    votes: Counter[int] = Counter()
    for keys in row:
        candidates: set[int] = set()
        for key in keys:
            rows = by_key.get(key, deque())
            while rows and rows[0] in used:  # else a value that every row has would be gone through each time
                rows.popleft()
            candidates.update(islice(rows, MAX_CANDIDATES))
        votes.update(candidates - used)
    return votes


def _match_columns(
    reply: Sequence[Sequence[frozenset[str]]], original: Sequence[Sequence[frozenset[str]]], rows: Mapping[int, int]
) -> dict[int, int]:
    """Return the person's column for each column of the reply that has the values of one, most values first."""
    common: Counter[tuple[int, int]] = Counter()
    for number, other in rows.items():
        for i, keys in enumerate(reply[number]):
            for j, other_keys in enumerate(original[other]):
                if not keys.isdisjoint(other_keys):
                    common[i, j] += 1
    columns: dict[int, int] = {}
    for (i, j), _ in sorted(common.items(), key=lambda item: (-item[1], abs(item[0][0] - item[0][1]))):
        if i not in columns and j not in columns.values():
            columns[i] = j
    return columns


def _is_equal(reply: ProposedTable, original: ProposedTable, mine: tuple[int, int], other: tuple[int, int]) -> bool:
    cell, given_cell = reply.rows[mine[0]][mine[1]], original.rows[other[0]][other[1]]
    assert cell is not None
    assert given_cell is not None
    column, given_column = reply.columns[mine[1]], original.columns[other[1]]
    return (
        not frozenset(_keys(column, cell)).isdisjoint(_keys(given_column, given_cell))
        or reads_as(given_column, cell.quote.strip("*_` "), given_cell.value)
        or reads_as(column, given_cell.quote, cell.value)
    )
