"""TABLE_SUMMARY: the columns of a table in numbers, the values of its options, and its revisions by day."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from db.models.revisions import ChangeSource
from db.models.tables import Table
from db.reports import table_counts
from db.tables import tables
from db.tables.query import summaries
from errors import BadUserInput, NotFound
from jobs.reports.subject import Subject
from tables.reports.document import Cell, CellKind, Chart, ChartKind, Document, Figure, Heading, Section, section
from tables.types.columns import Column, ColumnType, Value
from tables.types.types import format_value

MAX_CHARTS, MAX_BARS = 8, 12
GROUPED = frozenset({ColumnType.SELECT, ColumnType.BOOLEAN})
COLUMN_HEADINGS = [
    Heading("Column"),
    Heading("Type"),
    Heading("Filled", CellKind.INTEGER),
    Heading("Empty", CellKind.INTEGER),
    *(Heading(name) for name in ("Sum", "Minimum", "Maximum", "Mean")),
]
NOTE = "The table is summed up as it was when the report was made; the revisions are those of the period, in UTC."


async def collect_table_summary(subject: Subject) -> Document:
    """Return the document of a TABLE_SUMMARY report. Raises NotFound for a table that its owner no longer sees."""
    assert subject.report.table_id is not None
    table = await subject.database.find(Table, subject.viewer, subject.report.table_id)
    if table is None:
        raise NotFound("The table of this report was deleted, or you may no longer see it.")
    column_rows = await subject.database.read(tables.columns_of, subject.viewer, ids=[table.id])
    columns = {column.key: column for column in map(tables.column_of, column_rows)}
    rows = [await _column_row(subject, table, columns, key) for key in columns]
    values = [await _values(subject, table, columns, key) for key in _grouped(columns)]
    by_day = await _revisions(subject, table)
    figures = [
        Figure("Rows", table.row_count),
        Figure("Columns", len(columns)),
        Figure("Filled cells", sum(int(row[2] or 0) for row in rows)),
        Figure("Revisions in the period", sum(numbers.total() for numbers in by_day.values())),
    ]
    filled = Chart("Filled and empty cells", ChartKind.BARS, 0, [2, 3], 40)
    sections = [section("Columns", COLUMN_HEADINGS, rows, filled), *values, _days(subject, by_day)]
    return subject.document(f"Summary of {table.name}", figures, sections, NOTE)


async def _summaries(
    subject: Subject, table: Table, columns: dict[str, Column], key: str, group: str | None = None
) -> list[summaries.Summary]:
    query = summaries.parse_summary_query(columns, key, group, None)
    statement = summaries.group_query(query.shape)
    rows = await subject.database.read_unbounded(statement, subject.viewer, table_id=table.id, **query.values)
    return summaries.build_summaries(query, rows)


async def _column_row(subject: Subject, table: Table, columns: dict[str, Column], key: str) -> list[Cell]:
    column = columns[key]
    (whole,) = await _summaries(subject, table, columns, key)
    numbers: list[Value] = [None if whole.sum is None else f"{whole.sum:f}", whole.min, whole.max]
    numbers.append(None if whole.mean is None else _rounded(whole.mean))
    texts = [None if value is None else _text(column, value) for value in numbers]
    return [column.name, column.type.value, whole.count, whole.row_count - whole.count, *texts]


def _rounded(mean: Decimal) -> str:
    """Return a mean with at most six decimals."""
    text = f"{round(mean, 6):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(column: Column, value: Value) -> str:
    """Return a value as the column shows it; sums and means may have more decimals than its format."""
    return format_value(column, value) if column.type is not ColumnType.INTEGER else str(value)


def _grouped(columns: dict[str, Column]) -> list[str]:
    """Return the keys of the columns whose values are few, so that each gets a chart."""
    return [key for key, column in columns.items() if column.type in GROUPED][:MAX_CHARTS]


async def _values(subject: Subject, table: Table, columns: dict[str, Column], key: str) -> Section:
    column = columns[key]
    try:
        groups = await _summaries(subject, table, columns, key, key)
    except BadUserInput:  # more values than a chart can show
        groups = []
    groups = sorted(groups, key=lambda group: -group.row_count)
    rows: list[list[Cell]] = [
        ["(empty)" if group.group is None else format_value(column, group.group), group.row_count] for group in groups
    ]
    headings = [Heading(column.name), Heading("Rows", CellKind.INTEGER)]
    chart = Chart(f"Rows by {column.name}", ChartKind.BARS, 0, [1], MAX_BARS)
    return section(column.name, headings, rows, chart)


async def _revisions(subject: Subject, table: Table) -> dict[str, Counter[str]]:
    by_day: dict[str, Counter[str]] = defaultdict(Counter)
    for row in await subject.rows(table_counts.revisions, table_id=table.id):
        by_day[row.day][ChangeSource(row.source)] += int(row.number)
    return by_day


def _days(subject: Subject, by_day: dict[str, Any]) -> Section:
    sources = list(ChangeSource)
    rows: list[list[Cell]] = [[day, *(by_day[day][source] for source in sources)] for day in subject.days()]
    headings = [Heading("Day", CellKind.DAY), *(Heading(one.value.title(), CellKind.INTEGER) for one in sources)]
    chart = Chart("Revisions by day", ChartKind.COLUMNS, 0, list(range(1, len(sources) + 1)))
    return section("Revisions by day", headings, rows, chart)
