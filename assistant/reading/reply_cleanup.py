"""Cleaning of a reply's table: its header, a column that counts the rows, and closing totals."""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.reading.column_mapping import folded
from assistant.reading.extraction import ProposedCell, ProposedTable, unique
from assistant.reading.reply_grounding import PersonTexts
from tables.readers import sums

GENERATED_NAME = re.compile(r"Column \d+")  # of a column without a heading
_INDEX_NAMES = frozenset(
    ["", "no", "nr", "num", "number", "index", "row", "sno", "srno", "slno", "item", "line", "pos"]
) | {"n", "nº", "n°", "№", "lp", "пп", "序号", "编号", "番号", "번호", "م", "رقم"}
_AVERAGES = frozenset(
    ["average", "avg", "mean", "median", "durchschnitt", "mittelwert", "moyenne", "promedio", "media", "médio", "média"]
) | {"gemiddelde", "średnia", "среднее", "平均", "平均值", "평균", "المتوسط"}

Cells = tuple[ProposedCell | None, ...]


def with_header(table: ProposedTable, originals: Sequence[ProposedTable]) -> ProposedTable:
    """Return the table with its first row as names, when it has none and they are the names of a given table."""
    if not table.rows or not all(GENERATED_NAME.fullmatch(column.name) for column in table.columns):
        return table
    first = [cell.quote.strip("*_` ") if cell else "" for cell in table.rows[0]]
    if not any({folded(column.name) for column in other.columns} == set(map(folded, first)) for other in originals):
        return table
    named = zip(table.columns, unique(first), strict=True)
    return replace(table, columns=tuple(replace(c, name=name) for c, name in named), rows=table.rows[1:])


def without_index(person: PersonTexts, originals: Sequence[ProposedTable], table: ProposedTable) -> ProposedTable:
    """Return the table without a first column that only counts its rows, unless the person has that column too."""
    if len(table.columns) < 2 or not counts_rows(table):
        return table
    heading = table.columns[0].name
    name = "" if GENERATED_NAME.fullmatch(heading) else folded(heading)
    if name not in _INDEX_NAMES or any(folded(c.name) == name for other in originals for c in other.columns):
        return table
    has_heading = re.compile(rf"(?<!\w){re.escape(heading)}(?!\w)")
    others = [column.name for column in table.columns[1:]]
    if any(has_heading.search(line) and any(n in line for n in others) for t in person.texts for line in t.split("\n")):
        return table
    return replace(table, columns=table.columns[1:], rows=tuple(row[1:] for row in table.rows))


def counts_rows(table: ProposedTable, index: int = 0) -> bool:
    values = [str(cell.value).strip("*_.) ") if (cell := row[index]) else "" for row in table.rows]
    return len(values) > 1 and values == [str(number) for number in range(1, len(values) + 1)]


def without_summary(table: ProposedTable) -> ProposedTable:
    """Return the table without closing rows of totals or averages that the person did not write."""
    rows = list(table.rows)
    while len(rows) > 1 and _is_summary(rows[-1]) and _has_numbers_above(rows):
        rows.pop()
    summaries = (" | ".join(cell.quote for cell in row if cell) for row in table.rows[len(rows) :])
    return replace(table, rows=tuple(rows), left_out=(*table.left_out, *summaries))


def _has_numbers_above(rows: Sequence[Cells]) -> bool:
    """Return whether a number of the last row stands below another one; one more fact of several stands below words."""
    columns = [n for n, cell in enumerate(rows[-1]) if cell and any(map(str.isdigit, cell.quote))]
    return any((cell := row[n]) and any(map(str.isdigit, cell.quote)) for row in rows[:-1] for n in columns)


def _is_summary(row: Cells) -> bool:
    words = [cell.quote.strip("*_:. ") for cell in row if cell and any(map(str.isalpha, cell.quote))]
    is_own = all(cell is None or cell.source == 0 for cell in row)
    return is_own and bool(words) and (sums.is_total(words[0]) or words[0].casefold() in _AVERAGES)
