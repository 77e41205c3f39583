"""Document of a report: figures, tables, and charts of those tables; from it the page and the workbook are made."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias

MAX_ROWS = 10_000  # of one section

# Value of a cell: money as a decimal in text, days and moments in ISO format.
Cell: TypeAlias = str | int | float | bool | None


class CellKind(StrEnum):
    """Kind of the cells of a column."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    NUMBER = "NUMBER"
    MONEY = "MONEY"
    DAY = "DAY"
    MOMENT = "MOMENT"


class ChartKind(StrEnum):
    """Form of a chart: upright columns along time, or bars of few categories."""

    COLUMNS = "COLUMNS"
    BARS = "BARS"


@dataclass(frozen=True)
class Figure:
    """Number at the head of a report."""

    label: str
    value: Cell
    kind: CellKind = CellKind.INTEGER


@dataclass(frozen=True)
class Heading:
    """Column of a section."""

    name: str
    kind: CellKind = CellKind.TEXT


@dataclass(frozen=True)
class Chart:
    """Chart of the first `limit` rows of its section: a column of labels, and columns of numbers, stacked."""

    title: str
    kind: ChartKind
    label: int
    values: Sequence[int]
    limit: int = 400


@dataclass(frozen=True)
class Section:
    """Table with a title and its charts; `omitted` counts rows beyond MAX_ROWS."""

    title: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Cell]]
    charts: Sequence[Chart] = ()
    omitted: int = 0


@dataclass(frozen=True)
class Document:
    """Report as a whole, of a period from `starts_at` until before `ends_at`."""

    title: str
    organization: str
    starts_at: str
    ends_at: str
    created_at: str
    currency: str
    figures: Sequence[Figure]
    sections: Sequence[Section]
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the document as values that JSON has."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Document":
        figures = [Figure(f["label"], f["value"], CellKind(f["kind"])) for f in content["figures"]]
        return cls(**{**content, "figures": figures, "sections": [_section(s) for s in content["sections"]]})


def section(
    title: str, headings: Sequence[Heading], rows: Sequence[Sequence[Cell]], *charts: Chart, omitted: int = 0
) -> Section:
    """Return a section of at most MAX_ROWS rows."""
    omitted += max(len(rows) - MAX_ROWS, 0)
    return Section(title, headings, rows[:MAX_ROWS], charts if rows else (), omitted)


def _section(content: Mapping[str, Any]) -> Section:
    headings = [Heading(h["name"], CellKind(h["kind"])) for h in content["headings"]]
    charts = [Chart(**{**chart, "kind": ChartKind(chart["kind"])}) for chart in content["charts"]]
    return Section(**{**content, "headings": headings, "charts": charts})


def number_of(cell: Cell) -> float:
    """Return the number that a chart draws for a cell; 0 for none."""
    return float(cell or 0)


def text_of(cell: Cell, kind: CellKind, currency: str = "") -> str:
    """Return a cell as people read it."""
    if cell is None:
        return ""
    if kind is CellKind.INTEGER:
        return f"{int(cell):,}"
    if kind is CellKind.NUMBER:
        return f"{Decimal(str(cell)):,f}"
    if kind is CellKind.MONEY:
        return f"{_short(Decimal(str(cell)))} {currency}".strip()
    if kind is CellKind.MOMENT:
        return f"{datetime.fromisoformat(str(cell)):%Y-%m-%d %H:%M}"
    return str(cell)


def _short(amount: Decimal) -> str:
    """Return an amount with two decimals, or with as many as a small one needs."""
    if amount == 0 or abs(amount) >= 1:
        return f"{amount:,.2f}"
    return f"{amount.normalize():f}"
