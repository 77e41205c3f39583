"""Columns of a file and their types, chosen from all of its rows without holding them in memory."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Literal

from tables.types.columns import NUMERIC_TYPES, CellError, Column, ColumnType, currency_code
from tables.types.inference import infer, is_code
from tables.types.types import parse

SAMPLE = 2_000  # rows by which types are chosen first
EXCEPTIONS = 200  # texts of a column that do not fit its first choice
_FRACTIONS = frozenset({ColumnType.DECIMAL, ColumnType.CURRENCY, ColumnType.PERCENT})
_DAYS = frozenset({ColumnType.DATE, ColumnType.DATETIME})
_ORDERS = frozenset({"DMY", "MDY"})
WORDS = frozenset({ColumnType.TEXT, ColumnType.EMAIL, ColumnType.URL})

Texts = Sequence[str | None]
Again = Callable[[], Iterable[Texts]]


class Choice:
    """Columns by a sample of the rows, until a row does not fit them; `rows` gives them from the beginning each time.

    A column among `strings` is text to who wrote the file, whatever it looks like. The `mark` is that of all numbers,
    when it is known. A column of `options`, those of its dropdown, is a SELECT if it has no other texts.
    """

    def __init__(
        self,
        names: Sequence[str],
        rows: Again,
        strings: Collection[int] = (),
        mark: Literal[".", ","] | None = None,
        options: Mapping[int, Sequence[str]] | None = None,
    ) -> None:
        self._names, self._rows = names, rows
        self._infer = partial(_infer, strings=strings, mark=mark, options=options or {})
        sample = list(islice(rows(), SAMPLE))
        self._texts = [[row[n] for row in sample] for n in range(len(names))]
        self.columns = with_shared_formats(
            [self._infer(n, name, self._texts[n]) for n, name in enumerate(names)], self._texts
        )

    def fit(self) -> bool:
        """Choose the narrowest types in which every text of a column parses; whether any is another now."""
        before = self.columns
        exceptions = _exceptions(before, self._rows)
        for n, texts in exceptions.items():
            self._texts[n] = [*self._texts[n], *texts]
        again = {n: self._infer(n, self._names[n], self._texts[n]) for n in exceptions}
        columns = with_shared_formats([again.get(n, column) for n, column in enumerate(before)], self._texts)
        left = _exceptions(columns, self._rows, again) if again else {}
        self.columns = [_text(n, column.name) if n in left else column for n, column in enumerate(columns)]
        return self.columns != before


def with_shared_formats(columns: Sequence[Column], texts: Sequence[Sequence[str | None]]) -> list[Column]:
    """Return the columns with one decimal mark and one order of dates: uncertain ones follow those that are certain.

    Beside `14,32` the text `12.500` is a whole number, and beside 25/03/2025 the date 03/04/2025 is in April.
    """
    pairs = list(zip(columns, texts, strict=True))
    has_points = any(
        column.type in _FRACTIONS and not _mark_of(column) and any("." in text for text in cells if text)
        for column, cells in pairs
    )
    has_commas = any(_mark_of(column) == "," for column in columns) and not has_points
    orders = {column.format for column in columns if column.type in _DAYS and column.format in _ORDERS}
    order = orders.pop() if len(orders) == 1 else None
    chosen = []
    for column, cells in pairs:
        ordered = replace(column, format=order)
        if has_commas and _mark_of(column) in {".?", ",?"}:
            chosen.append(_with_commas(column, cells))
        elif order and column.format == "DMY?" and all(_fits(ordered, text) for text in cells if text):
            chosen.append(ordered)
        else:
            chosen.append(column)
    return chosen


def _mark_of(column: Column) -> str:
    """Return the decimal mark in a column's format, with `?` behind a guess; empty for a point that is certain."""
    mark = (column.format or "").rpartition(" ")[2] if column.type in NUMERIC_TYPES else ""
    return mark if mark.rstrip("?") in {".", ","} else ""


def _infer(
    n: int,
    name: str,
    texts: Sequence[str | None],
    strings: Collection[int],
    mark: Literal[".", ","] | None,
    options: Mapping[int, Sequence[str]],
) -> Column:
    if n in options and (select := _select(n, name, texts, options[n])):
        return select
    column = replace(infer(name, f"c{n + 1}", texts), position=n)
    if n in strings and column.type not in WORDS:
        return _text(n, name)
    if mark is None or column.type not in NUMERIC_TYPES:
        return column
    if mark == ".":
        return replace(column, format=currency_code(column))
    return _with_commas(column, texts)


def _select(n: int, name: str, texts: Sequence[str | None], options: Sequence[str]) -> Column | None:
    """Return a SELECT column if all texts are options; a sheet may only warn of others."""
    column = Column(key=f"c{n + 1}", name=name, type=ColumnType.SELECT, position=n, options=tuple(options))
    return column if all(not text or not text.strip() or _fits(column, text) for text in texts) else None


def _with_commas(column: Column, texts: Sequence[str | None]) -> Column:
    """Return a column of numbers whose decimal mark is known to be a comma: `1.234` is 1234."""
    code = currency_code(column)
    written = replace(column, format=f"{code} ," if code else ",")
    if column.type not in {ColumnType.INTEGER, ColumnType.DECIMAL}:
        return written
    try:
        values = [parse(replace(written, type=ColumnType.DECIMAL), text) for text in texts if text]
    except CellError:
        return written
    is_whole = all("." not in str(value) for value in values)
    return replace(written, type=ColumnType.INTEGER if is_whole else ColumnType.DECIMAL)


def _text(n: int, name: str) -> Column:
    return Column(key=f"c{n + 1}", name=name, type=ColumnType.TEXT, position=n)


def _exceptions(columns: Sequence[Column], rows: Again, only: Collection[int] | None = None) -> dict[int, list[str]]:
    """Texts that do not parse in their columns, some of each."""
    exceptions: dict[int, list[str]] = {}
    looked_at = [n for n, column in enumerate(columns) if column.type is not ColumnType.TEXT]
    looked_at = [n for n in looked_at if only is None or n in only]
    for row in rows() if looked_at else ():
        for n in looked_at:
            text = row[n]
            if text and not _fits(columns[n], text) and len(exceptions.setdefault(n, [])) < EXCEPTIONS:
                exceptions[n].append(text)
    return exceptions


def _fits(column: Column, text: str) -> bool:
    try:
        parse(column, text)
    except CellError:
        return False
    return column.type not in NUMERIC_TYPES or not is_code(text)
