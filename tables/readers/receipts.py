"""Receipts and price lists: names with an amount behind them, after dots, a dash or blanks, on one line or two."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tables.readers import evidence, quantities, sums
from tables.readers.marks import RULE
from tables.readers.spans import Cell, Grid, Line, Span, cell, grid

_SIGN = r"(?:[€$£¥￥₹₽₩₺₴₪]|US\$|R\$|EUR|USD|GBP|CHF|PLN|zł|kr\.?|Kč|руб\.?|元|円|TL|Ft)"
_NUMBER = r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d{2})?|\d+(?:[.,]\d{2})?"
_MONEY = rf"[-+−]?(?:{_SIGN}[ \u00a0]?)?[-+−]?(?:{_NUMBER})(?:[ \u00a0]?{_SIGN})?-?"
_TAX = r"(?:[ ]?[A-H]\*?|[ ][A-Z]{1,2}|[ ]?\*)?"
_AMOUNT_LAST = re.compile(
    rf"(?P<lead>[ \t]*(?:[-*•–][ \t]+)?)(?P<item>\S(?:.*?\S)?)"
    r"(?P<gap>[ ]?(?:[.·…_][ ]?){3,}[ ]*|[ \t\u00a0]{2,}|[ ]+[-–—=:→][ ]+|:[ ]+|[ ]+)"
    rf"(?P<amount>{_MONEY}){_TAX}[ \t]*"
)
_DETAIL = re.compile(
    r"[ \t]*(?P<quantity>\d{1,5}(?:[.,]\d{1,3})?)[ ]?(?:kg|g|l|pcs?|st\.?k?\.?|ud\.?|szt\.?|шт\.?|個|件)?"
    rf"[ ]*[x×*@X][ ]*(?:@[ ]*)?(?P<price>{_MONEY})(?:[ ]?/[ ]?[^\W\d_]{{1,4}})?"
    rf"(?:(?:[ ]{{2,}}|[ ]*=[ ]*|[ ]+|[ ]?\.{{3,}}[ ]?)"
    rf"(?P<amount>{_MONEY}){_TAX})?[ \t]*"
)
_INLINE = re.compile(
    rf"(?P<name>[^\W\d_].*?)[ ]+(?P<count>\d{{1,4}}(?:[.,]\d{{1,3}})?)[ ]?[x×*@][ ]?(?P<price>{_MONEY})(?:[ ]?=)?"
)
_COUNT_LAST = re.compile(r"(?P<name>.*\S)[ ]+[(]?[x×][ ]?(?P<count>\d{1,5})[)]?")
_COUNT_FIRST = re.compile(r"(?P<count>\d{1,4})(?:[ ]?[x×](?=[ ])|(?=[ ]{1,3}[^\W\d_]))[ ]+(?P<name>[^\W\d_].*)")
_COUNTED = re.compile(
    r"(?P<lead>[ \t]*(?:[-*•–][ \t]+)?)(?P<name>[^\W\d_].{0,80}?)[ ]*[,:–—-]?"
    r"[ ]+[(]?[x×][ ]?(?P<count>\d{1,5})[)]?[ \t]*"
)
_DIGIT = re.compile(r"\d")
_HAS_SIGN, _HAS_CENTS = re.compile(_SIGN), re.compile(r"[.,]\d{2}(?!\d)")
_TITLES = ("Item", "Quantity", "Price", "Amount")
_LONGEST, _FEWEST = 200, 2
_DRAWN, _DOTTED, _DASHED, _PLAIN, _COLON = "drawn", "dotted", "dashed", "plain", "colon"


@dataclass(slots=True)
class _Item:
    line: Line
    end: int
    name: Cell
    quantity: Cell = None
    price: Cell = None
    amount: Cell = None
    gap: str = ""
    is_bulleted: bool = False
    is_taxed: bool = False


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    """Yield runs of items; rules and headers between them are passed over, sums end a run."""
    if _DIGIT.search(text, lines[0].start, lines[-1].end) is None:
        return
    i = 0
    while i < len(lines):
        if _DIGIT.search(lines[i].text) is None and not (i + 1 < len(lines) and _DIGIT.search(lines[i + 1].text)):
            i += 1
            continue
        items, after = _items(text, lines, i)
        if items and _is_table(items) and (found := _grid(items)):
            yield found
            i = max(after, i + 1)
        else:
            i += 1 if not items else max(1, len(items))


def _items(text: str, lines: Sequence[Line], i: int) -> tuple[list[_Item], int]:
    items: list[_Item] = []
    while i < len(lines) and not lines[i].is_blank and len(lines[i].text) <= _LONGEST:
        line = lines[i]
        detail = _DETAIL.fullmatch(line.text) if items and "x" in line.text.casefold() + "x×*@" else None
        if detail is None and quantities.is_priced(line.text):
            break
        if detail and items[-1].quantity is None and (items[-1].amount is None or not detail["amount"]):
            _add_detail(text, items[-1], line, detail)
        elif sums.is_sum_line(line.text):
            break
        elif found := _AMOUNT_LAST.fullmatch(line.text):
            items.append(_item(text, line, found))
        elif counted := _COUNTED.fullmatch(line.text):
            items.append(_counted(text, line, counted))
        elif not RULE.fullmatch(line.text) and not _is_name(lines, i):
            break
        elif not RULE.fullmatch(line.text):
            items.append(_Item(line, line.end, cell(text, line.start, line.end), gap=_DRAWN))
        elif not items:
            break
        i += 1
    return [item for item in items if item.amount or item.quantity], i


def _is_name(lines: Sequence[Line], i: int) -> bool:
    """Return True for a name whose amount stands in the line below."""
    detail = _DETAIL.fullmatch(lines[i + 1].text) if i + 1 < len(lines) else None
    return detail is not None and any(c.isalpha() for c in lines[i].text) and len(lines[i].text) <= 60


def _item(text: str, line: Line, found: re.Match[str]) -> _Item:
    start = line.start
    item_start, item_end = start + found.start("item"), start + found.end("item")
    gap = found["gap"]
    kind = _DRAWN
    if any(mark in gap for mark in "·…_") or ".." in gap.replace(" ", ""):
        kind = _DOTTED
    elif gap.strip() and gap.strip() in "-–—=→":
        kind = _DASHED
    elif ":" in gap:
        kind = _COLON
    elif len(gap) == 1:
        kind = _PLAIN
    made = _Item(line, line.end, cell(text, item_start, item_end), gap=kind, is_bulleted=bool(found["lead"].strip()))
    made.amount = cell(text, start + found.start("amount"), start + found.end("amount"))
    made.is_taxed = bool(line.text[found.end("amount") :].strip())
    if inline := _INLINE.fullmatch(text, item_start, item_end):
        made.name, made.quantity, made.price = (cell(text, *inline.span(name)) for name in ("name", "count", "price"))
        return made
    for form in (_COUNT_LAST, _COUNT_FIRST):
        counted = form.fullmatch(text, item_start, item_end)
        if counted and not evidence.is_label(counted["name"].split()[0]):  # 1 May is no quantity
            made.name, made.quantity = cell(text, *counted.span("name")), cell(text, *counted.span("count"))
            break
    return made


def _counted(text: str, line: Line, found: re.Match[str]) -> _Item:
    spans = {name: (line.start + found.start(name), line.start + found.end(name)) for name in ("name", "count")}
    made = _Item(line, line.end, cell(text, *spans["name"]), cell(text, *spans["count"]), gap=_DASHED)
    made.is_bulleted = bool(found["lead"].strip())
    return made


def _add_detail(text: str, item: _Item, line: Line, detail: re.Match[str]) -> None:
    spans = {name: (line.start + detail.start(name), line.start + detail.end(name)) for name in detail.groupdict()}
    item.quantity, item.price = cell(text, *spans["quantity"]), cell(text, *spans["price"])
    if detail["amount"]:
        item.amount = cell(text, *spans["amount"])
    item.end = line.end


def _is_table(items: Sequence[_Item]) -> bool:
    """Return True for amounts that look like money, or are led to by dots; a number at a line's end is none yet."""
    if len(items) < _FEWEST or any(item.name is None or not _is_short(item.name) for item in items):
        return False
    amounts = [item.amount.text for item in items if item.amount]
    if not amounts:
        return all(item.quantity for item in items)
    are_money = all(_HAS_SIGN.search(amount) or _HAS_CENTS.search(amount) for amount in amounts)
    has_signs = any(_HAS_SIGN.search(amount) for amount in amounts)
    gaps = {item.gap for item in items}
    if gaps <= {_DOTTED}:
        return True
    if not are_money:
        return False
    if (
        any(item.price for item in items)
        or all(item.quantity for item in items)
        or any(item.is_taxed for item in items)
    ):
        return True
    if _COLON in gaps:
        return False  # they are pairs of a key and a value
    if gaps <= {_DASHED, _DOTTED}:
        return True
    return has_signs and gaps <= {_PLAIN, _DASHED} and len(items) >= 3 and all(_is_brief(item) for item in items)


def _is_short(name: Span) -> bool:
    if "  " in name.text:  # further columns
        return False
    return len(name.text) <= 60 and name.text.count(" ") <= 8 and any(c.isalpha() for c in name.text)


def _is_brief(item: _Item) -> bool:
    return item.name is not None and item.name.text.count(" ") <= 3 and not item.name.text.endswith((",", ".", ":"))


def _grid(items: Sequence[_Item]) -> Grid | None:
    rows: list[list[Cell]] = [[item.name, item.quantity, item.price, item.amount] for item in items]
    has_quantity = any(row[1] for row in rows)
    last = "Amount" if has_quantity else "Price"
    titles = [title if any(row[n] for row in rows) else None for n, title in enumerate((*_TITLES[:3], last))]
    return grid("receipt", titles, rows, (items[0].line.start, items[-1].end))
