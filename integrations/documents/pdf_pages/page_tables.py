"""Tables found on a page, before pages are joined."""

from collections.abc import Sequence
from dataclasses import dataclass

from tables.files.row_source import Hints, without_marks
from tables.files.table_search import find_tables


@dataclass
class PageTable:
    """A table with its place on the page; `names` are empty when no row names the columns."""

    names: list[str | None]
    rows: list[list[str | None]]
    top: float
    bottom: float
    left: float
    right: float

    @property
    def has_header(self) -> bool:
        return any(self.names)


def from_rows(rows: Sequence[Sequence[str | None]], box: tuple[float, float, float, float]) -> list[PageTable]:
    """Return the tables among rows whose merged cells are marked."""
    tables = []
    for table in find_tables(rows, Hints(is_drawn=True)):
        region = table.region
        names: list[str | None] = list(region.names) if region.has_header else [None] * (region.right - region.left)
        body = [(without_marks(row) + [None] * len(names))[: len(names)] for row in table.rows]
        tables.append(PageTable(names, body, *box))
    return tables
