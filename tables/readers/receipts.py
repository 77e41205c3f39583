"""Receipts and price lists: names with an amount behind them, after dots, a dash or blanks, on one line or two."""

from collections.abc import Iterator, Sequence

from tables.readers import quantities, receipt_lines, sums
from tables.readers.leading_days import starts_with_day
from tables.readers.marks import RULE
from tables.readers.receipt_lines import COLON, DASHED, DOTTED, DRAWN, PLAIN, ReceiptItem
from tables.readers.spans import Cell, Grid, Line, Span, cell, grid

_TITLES = ("Item", "Quantity", "Price", "Amount")
_LONGEST, _FEWEST = 200, 2


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    """Yield runs of items; rules and headers between them are passed over, sums end a run."""
    if not receipt_lines.has_digit(text[lines[0].start : lines[-1].end]):
        return
    i = 0
    while i < len(lines):
        if not receipt_lines.may_begin(lines, i):
            i += 1
            continue
        items, after = _items(text, lines, i)
        if items and _is_table(items) and (result := _grid(items)):
            yield result
            i = max(after, i + 1)
        elif items:
            i += len(items)
        else:
            i = max(after, i + 1)


def _items(text: str, lines: Sequence[Line], i: int) -> tuple[list[ReceiptItem], int]:
    """Return the items of a run that begins at line `i`, and the line behind the run."""
    items: list[ReceiptItem] = []
    while i < len(lines) and not lines[i].is_blank and len(lines[i].text) <= _LONGEST:
        line = lines[i]
        if RULE.fullmatch(line.text):
            if not items:
                break
        elif not _took_detail(text, items, line):
            amount = receipt_lines.amount_line(line)
            is_spoiled = amount is not None and not receipt_lines.may_be_item(amount)
            if is_spoiled and not items:
                # `Receipt no: 0042` stands above the items.
                return [], i + 1 if amount and ":" in amount["gap"] else _end_of_run(lines, i + 1)
            if sums.is_sum_line(line.text):
                break
            if is_spoiled:
                return [], _end_of_run(lines, i)
            item = receipt_lines.item_of(text, line, amount) if amount else _without_amount(text, lines, i)
            if item is None:
                break
            items.append(item)
        i += 1
    return [item for item in items if item.amount or item.price or item.quantity], i


def _took_detail(text: str, items: Sequence[ReceiptItem], line: Line) -> bool:
    """Add a line `2 x 1,60  3,20` to the item above it, if it is one and the item has no quantity."""
    detail = receipt_lines.detail_line(line) if items else None
    if detail is None or items[-1].quantity or (items[-1].amount and detail["amount"]):
        return False
    receipt_lines.add_detail(text, items[-1], line, detail)
    return True


def _without_amount(text: str, lines: Sequence[Line], i: int) -> ReceiptItem | None:
    """Return the item `Helmet x4`, or a name whose amount stands in the line below."""
    line = lines[i]
    if counted := receipt_lines.counted_line(line):
        return receipt_lines.counted_item(text, line, counted)
    if receipt_lines.is_name(lines, i):
        return ReceiptItem(line, line.end, cell(text, line.start, line.end), gap=DRAWN)
    return None


def _end_of_run(lines: Sequence[Line], i: int) -> int:
    """Return the first line from `i` on that ends a run of lines with amounts."""
    while i < len(lines) and receipt_lines.has_digit(lines[i].text) and not sums.is_sum_line(lines[i].text):
        i += 1
    return i


def _is_table(items: Sequence[ReceiptItem]) -> bool:
    """Return True for amounts that look like money, or are led to by dots; a number at a line's end is none yet."""
    if len(items) < _FEWEST or any(item.name is None or not _is_short(item.name) for item in items):
        return False
    if all(quantities.is_priced(item.line.text) for item in items):
        return False  # a bill, which its own reader reads
    amounts = [amount.text for item in items if (amount := item.amount or item.price)]
    if not amounts:
        return all(item.quantity for item in items)
    are_money = all(map(receipt_lines.is_money, amounts))
    has_signs = any(map(receipt_lines.has_sign, amounts))
    gaps = {item.gap for item in items}
    if gaps <= {DOTTED}:
        return True
    if not are_money:
        return False
    if (
        any(item.price for item in items)
        or all(item.quantity for item in items)
        or any(item.is_taxed for item in items)
    ):
        return True
    if has_signs and all(item.name and starts_with_day(item.name.text) for item in items):
        return True
    if COLON in gaps:
        return False  # they are pairs of a key and a value
    if gaps <= {DASHED, DOTTED}:
        return True
    return has_signs and gaps <= {PLAIN, DASHED} and len(items) >= 3 and all(_is_brief(item) for item in items)


def _is_short(name: Span) -> bool:
    if "  " in name.text:  # further columns
        return False
    return len(name.text) <= 60 and name.text.count(" ") <= 8 and any(c.isalpha() for c in name.text)


def _is_brief(item: ReceiptItem) -> bool:
    return item.name is not None and item.name.text.count(" ") <= 3 and not item.name.text.endswith((",", ".", ":"))


def _grid(items: Sequence[ReceiptItem]) -> Grid | None:
    rows: list[list[Cell]] = [[item.name, item.quantity, item.price, item.amount] for item in items]
    has_quantity = any(row[1] for row in rows)
    last = "Amount" if has_quantity else "Price"
    titles = [title if any(row[n] for row in rows) else None for n, title in enumerate((*_TITLES[:3], last))]
    return grid("receipt", titles, rows, (items[0].line.start, items[-1].end))
