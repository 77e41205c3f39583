"""USAGE: messages, tokens, cost, tables and exports by day and member."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from db.models.usage import NANOS
from db.reports import usage_counts
from jobs.reports.subject import Subject
from tables.reports.document import Cell, CellKind, Chart, ChartKind, Document, Figure, Heading, section

MAX_BARS = 20  # members in a chart
COUNTED = {"messages": usage_counts.messages, "tables": usage_counts.tables, "exports": usage_counts.exports}
NUMBERS = [
    Heading("Messages", CellKind.INTEGER),
    Heading("Input tokens", CellKind.INTEGER),
    Heading("Output tokens", CellKind.INTEGER),
    Heading("Cost", CellKind.MONEY),
    Heading("Tables", CellKind.INTEGER),
    Heading("Exports", CellKind.INTEGER),
]
MEASURES = ("messages", "input_tokens", "output_tokens", "cost_nanos", "tables", "exports")
NOTE = (
    "Days are in UTC. Messages are those that members sent; deleted conversations, tables and exports are not counted, "
    "their tokens and cost are."
)

Key: TypeAlias = tuple[str, UUID | None]  # day and member


async def collect_usage(subject: Subject) -> Document:
    """Return the document of a USAGE report, of what its owner may see."""
    counts = await _counts(subject)
    names = await subject.names(user for _, user in counts)
    by_day, by_member, total = _sums(counts)
    days = [[day, *_cells(by_day[day])] for day in subject.days()]
    members = sorted(((names[user], *_cells(numbers)) for user, numbers in by_member.items()), key=_by_tokens)
    both = sorted([day, names[user], *_cells(numbers)] for (day, user), numbers in counts.items())
    day, member = Heading("Day", CellKind.DAY), Heading("Member")
    sections = [
        section(
            "By day",
            [day, *NUMBERS],
            days,
            Chart("Tokens by day", ChartKind.COLUMNS, 0, [2, 3]),
            Chart("Messages by day", ChartKind.COLUMNS, 0, [1]),
        ),
        section(
            "By member",
            [member, *NUMBERS],
            members,
            Chart("Tokens by member", ChartKind.BARS, 0, [2, 3], MAX_BARS),
            Chart("Messages by member", ChartKind.BARS, 0, [1], MAX_BARS),
        ),
        section("By day and member", [day, member, *NUMBERS], both),
    ]
    figures = [Figure(heading.name, cell, heading.kind) for heading, cell in zip(NUMBERS, _cells(total), strict=True)]
    return subject.document(f"Usage of {subject.organization.name}", figures, sections, NOTE)


async def _counts(subject: Subject) -> dict[Key, Counter[str]]:
    """Return the numbers of each member on each day on which there are any."""
    counts: dict[Key, Counter[str]] = defaultdict(Counter)
    for row in await subject.rows(usage_counts.tokens):
        names = ("input_tokens", "output_tokens", "cost_nanos")
        counts[row.day, row.user_id].update({name: int(getattr(row, name)) for name in names})
    for name, query in COUNTED.items():
        for row in await subject.rows(query):
            counts[row.day, row.user_id][name] += int(row.number)
    return {key: numbers for key, numbers in counts.items() if numbers.total()}


def _sums(
    counts: dict[Key, Counter[str]],
) -> tuple[dict[str, Counter[str]], dict[UUID | None, Counter[str]], Counter[str]]:
    """Return the sums by day, by member, and of everything."""
    by_day: dict[str, Counter[str]] = defaultdict(Counter)
    by_member: dict[UUID | None, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for (day, user), numbers in counts.items():
        for sums in (by_day[day], by_member[user], total):
            sums.update(numbers)
    return by_day, by_member, total


def _cells(numbers: Counter[str]) -> list[Cell]:
    cells: list[Cell] = [numbers[name] for name in MEASURES]
    cells[3] = f"{Decimal(numbers['cost_nanos']) / NANOS:f}"
    return cells


def _by_tokens(row: tuple[Cell, ...]) -> tuple[int, str]:
    """Return the key that sorts members by tokens, most first, then by name."""
    return -int(row[2] or 0) - int(row[3] or 0), str(row[0])
