"""Totals that a text states: rows of sums left out of a table, and whether its rows add up to them."""

import re
from collections.abc import Sequence
from decimal import Decimal

from tables.grids import Cell, Grid
from tables.readers import sums
from tables.types.money import CODES
from tables.types.types import NUMERIC_TYPES, CellError, Column, Value, parse

_SUMMED = frozenset(["markdown", "delimited", "aligned", "list", "receipt", "html", "wiki", "latex", "ruled", "lines"])
_QUANTITY, _PRICE, _AMOUNT = "Quantity", "Price", "Amount"  # as readers of bills name their columns
_MOST_SUMS = 8  # rows below each other that sum up
_OF_ALL = frozenset(
    [
        "grand",
        "amount",
        "due",
        "overall",
        "general",
        "général",
        "générale",
        "generale",
        "à",
        "a",
        "to",
        "pay",
        "payer",
        "pagar",
        "zu",
        "zahlen",
    ]
)
_is_running = re.compile(r"balance|saldo|solde|kontostand|остаток|余额|残高|잔액|الرصيد", re.IGNORECASE).search
_PART = re.compile(
    r"sub-?total|zwischensumme|sous-total|subtotale|tussentotaal|подытог|промежуточный итог|小计|小計|소계",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-−(]?\d[\d.,'’ \u00a0\u202f]*\)?")

Rows = Sequence[Sequence[Cell]]
Stated = tuple[str, str | None, str]  # the label, the column's name or None when the text tells none, the amount


def split(grid: Grid) -> tuple[Rows, Rows]:
    """Return the rows, and those at the end that sum up the rows above them: `Total` and nothing but numbers."""
    if grid.kind not in _SUMMED:
        return grid.rows, ()
    first = len(grid.rows)
    while first > 1 and len(grid.rows) - first < _MOST_SUMS and _is_sum(grid.rows[first - 1]):
        first -= 1
    below = grid.rows[first:]
    if not _sums_numbers(grid.rows[:first], below):
        return _without_parts(grid.rows)
    has_total = any(sums.is_total(_label(row)) for row in below)
    # One row above a total is a table only where the format shows that it is one.
    if not has_total or (first < 2 and any(isinstance(title, str) for title in grid.header)):
        return _without_parts(grid.rows)
    rows, parts = _without_parts(grid.rows[:first])
    return rows, (*parts, *below)


def _without_parts(rows: Rows) -> tuple[Rows, Rows]:
    """Return the rows, and those between them that sum up a part: `Subtotal North | 20`."""
    is_part = [_is_sum(row) and _PART.match(_label(row)) is not None for row in rows]
    if 2 * sum(is_part) >= len(rows):
        return rows, ()
    pairs = list(zip(rows, is_part, strict=True))
    return [row for row, part in pairs if not part], [row for row, part in pairs if part]


def _sums_numbers(above: Rows, below: Rows) -> bool:
    """Return whether a sum stands below a number: `Total Feb | 49` below `Best | Lamps` is one more fact."""
    columns = {n for row in below for n, cell in enumerate(row) if cell and any(map(str.isdigit, cell.text))}
    return any(
        cell is not None and any(map(str.isdigit, cell.text))
        for row in above
        for n, cell in enumerate(row)
        if n in columns
    )


def stated(text: str, grid: Grid, left_out: Rows, end: int) -> tuple[list[Stated], list[str]]:
    """Return the totals of the rows left out and of the lines below the table, and those lines."""
    totals: list[Stated] = []
    for row in left_out:
        if sums.is_total(_label(row)):
            titles = (title if isinstance(title, str) else title.text for title in grid.header)
            numbers = [(t, c.text) for t, c in zip(titles, row, strict=True) if c and any(map(str.isdigit, c.text))]
            totals += [("", title, amount) for title, amount in numbers]
    lines: list[str] = []
    if grid.kind in _SUMMED or grid.kind in ("key_value", "json"):
        for line, label, amount in sums.stated(text, grid.end, end):
            lines.append(line)
            if sums.is_total(label):
                totals.append((label, None, amount))
    return totals, lines


def notes(columns: Sequence[Column], rows: Sequence[Sequence[Value]], totals: Sequence[Stated]) -> tuple[str, ...]:
    """Return a sentence for each stated total: whether the rows add up to it."""
    added = {
        n: sum((_number(row[n]) for row in rows), Decimal())
        for n, column in enumerate(columns)
        if column.type in NUMERIC_TYPES and any(row[n] is not None for row in rows)
    }
    products = _products(columns, rows)
    added |= products
    notes_by_text: dict[str, None] = {}
    for label, name, amount in totals:
        candidates = [
            n for n in added if columns[n].name == name or (name is None and not _is_running(columns[n].name))
        ]
        read = {n: total for n in candidates if (total := _amount(columns[n], amount)) is not None}
        if not read:
            continue
        equal = [n for n, total in read.items() if total == added[n]]
        if not equal and name is None and not _is_of_all(label):
            continue  # "Total fees: 12.00" is the sum of some rows only
        column = equal[0] if equal else max(read)
        is_product = column in products and columns[column].name == _PRICE
        title = f"{_QUANTITY} × {_PRICE}" if is_product else columns[column].name
        notes_by_text[_sentence(title, added[column], read[column])] = None
    return tuple(notes_by_text)


def _products(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> dict[int, Decimal]:
    """Return the sum of a bill, by its last column of money: a row without an amount costs quantity × price.

    Empty unless the columns are those of a bill.
    """
    index = {column.name: n for n, column in enumerate(columns) if column.type in NUMERIC_TYPES}
    quantity, price = index.get(_QUANTITY), index.get(_PRICE)
    if quantity is None or price is None:
        return {}
    amount = index.get(_AMOUNT)
    total = Decimal()
    for row in rows:
        if amount is not None and row[amount] is not None:
            total += _number(row[amount])
        else:
            total += _number(row[price]) * (Decimal(1) if row[quantity] is None else _number(row[quantity]))
    return {price if amount is None else amount: total}


def _number(value: Value) -> Decimal:
    return Decimal() if value is None else Decimal(str(value))


def _is_of_all(label: str) -> bool:
    """Return whether a label names the total of all rows: `Grand total (EUR)`, and not `Total fees`."""
    words = (word.strip("()[]:.*").casefold() for word in label.split())
    return all(not word or word in sums.TOTALS or word in _OF_ALL or word.upper() in CODES for word in words) or (
        len(label.split()) == 1
    )


def _sentence(name: str, added: Decimal, total: Decimal) -> str:
    if added == total:
        return f"The rows of {name} add up to {added}, the total that the text states."
    return f"The rows of {name} add up to {added}, but the text states a total of {total}: check the rows."


def _amount(column: Column, amount: str) -> Decimal | None:
    number = _NUMBER.search(amount)
    for candidate in (amount, number.group() if number else ""):
        try:
            value = parse(column, candidate.strip())
        except CellError:
            continue
        if value is not None:
            return Decimal(str(value))
    return None


def _label(row: Sequence[Cell]) -> str:
    """Return the words of a row's label; "" where it has none or several."""
    words = [cell.text.strip(" :=*_") for cell in row if cell and not any(map(str.isdigit, cell.text))]
    return words[0] if len(words) == 1 else ""


def _is_sum(row: Sequence[Cell]) -> bool:
    filled = [cell for cell in row if cell]
    if label := _label(row):
        return len(filled) > 1 and sums.is_label(label)
    # `VAT 20 %` has a number in its label.
    return len(filled) == 2 and sums.is_label(filled[0].text) and any(map(str.isdigit, filled[1].text))
