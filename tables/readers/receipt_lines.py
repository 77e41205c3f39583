"""Lines of receipts and price lists: a name, a quantity, a price and an amount, on one line or two."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tables.readers import evidence
from tables.readers.leading_days import starts_with_month
from tables.readers.spans import Cell, Line, cell

_SIGN = (
    r"(?:[€$£¥￥₹₽₩₺₴₪]|US\$|R\$|EUR|USD|GBP|CHF|PLN|zł|kr\.?|Kč|руб\.?|грн\.?|元|円|원|TL|Ft|лв\.?"
    r"|ريال|درهم|دينار|جنيه)"
)
_NUMBER = r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d{2})?|\d+(?:[.,]\d{2})?"
_MONEY = rf"[-+−]?(?:{_SIGN}[ \u00a0]?)?[-+−]?(?:{_NUMBER})(?:[ \u00a0]?{_SIGN})?-?"
_COUNTED_BY = r"kg|g|l|pcs?|st\.?k?\.?|uds?\.?|un\.?|pz\.?|szt\.?|шт\.?|個|件"
_PRICE_LAST = re.compile(rf"(?P<name>(?:(?!  ).)*[^\W\d_]\S{{0,9}})[ ](?P<price>{_MONEY})")
_TAX = r"(?:[ ]?[A-H]\*?|[ ][A-Z]{1,2}|[ ]?\*)?"
# Possessive, so that a long run of blanks or dots is tried once and not from each of its characters.
_AMOUNT_LAST = re.compile(
    r"(?P<lead>[ \t]*+(?:(?:[-*•–]|\d{1,3}[.)])[ \t]++)?)(?P<item>\S[._]??(?:.*?[^\s.·…_][._]??)??)"
    r"(?P<gap>[ ]?(?:(?:[.·_][ ]?){3,}+|(?:…[ ]?)++)[ ]*+|[ \t\u00a0]{2,}+|[ ]++[-–—=:→][ ]++|:[ ]++|[ ]++)"
    rf"(?:%\d{{1,2}}[ ]++)?\*?(?P<amount>{_MONEY}){_TAX}[ \t]*"
)
_DETAIL = re.compile(
    r"[ \t]*(?P<quantity>\d{1,5}(?:[.,]\d{1,3})?)[ ]?"
    rf"(?:{_COUNTED_BY})?[ ]*[x×х*@XХ][ ]*(?:@[ ]*)?(?P<price>{_MONEY})(?:[ ]?/[ ]?[^\W\d_]{{1,4}})?"
    rf"(?:(?:[ ]{{2,}}|[ ]*=[ ]*|[ ]+|[ ]?\.{{3,}}[ ]?)"
    rf"(?P<amount>{_MONEY}){_TAX})?[ \t]*"
)
_INLINE = re.compile(
    rf"(?P<name>[^\W\d_](?:.*?\S)?)[ ]++(?P<count>\d{{1,4}}(?:[.,]\d{{1,3}})?)(?:[ ]?(?:{_COUNTED_BY}))?[ ]?[x×х*@][ ]?"
    rf"(?P<price>{_MONEY})(?:[ ]?=)?"
)
_EACH = r"(?:at|@|à|a|je|zu|each|per|por|по)"
# `2x Milk at`, before a price, and `Milk 2 x`, likewise.
_COUNT_OF_PRICE = (
    re.compile(rf"(?P<count>\d{{1,4}})[ ]?(?:[x×х*][ ]+)?(?P<name>[^\W\d_](?:.*?\S)?)[ ]+{_EACH}", re.IGNORECASE),
    re.compile(rf"(?P<name>[^\W\d_](?:.*?\S)?)[ ]+(?P<count>\d{{1,4}})[ ]?(?:(?:{_COUNTED_BY})[ ]?)?[x×х*@]"),
)
_PRICE_EACH = re.compile(
    rf"(?P<count>\d{{1,4}})[ ]?(?:[x×х*][ ]+)?(?P<name>[^\W\d_](?:.*?\S)?)[ ]+{_EACH}[ ]+(?P<price>{_MONEY})",
    re.IGNORECASE,
)
_COUNT_LAST = re.compile(r"(?P<name>.*\S)[ ]+[(]?[x×х][ ]?(?P<count>\d{1,5})[)]?")
_COUNT_FIRST = re.compile(r"(?P<count>\d{1,4})(?:[ ]?[x×х](?=[ ])|(?=[ ]{1,3}[^\W\d_]))[ ]+(?P<name>[^\W\d_].*)")
_COUNTED = re.compile(
    r"(?P<lead>[ \t]*(?:[-*•–][ \t]+)?)(?P<name>[^\W\d_](?:.{0,79}?\S)?)(?:[ ]*+[,:–—-])?"
    r"[ ]++[(]?[x×х][ ]?(?P<count>\d{1,5})[)]?[ \t]*"
)
_TIMES = re.compile(r"[x×х*@XХ]")  # the second x is a Cyrillic letter
_MAY_COUNT = re.compile(r"[x×х*@]|\A\d")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")
_HAS_SIGN, _HAS_CENTS = re.compile(_SIGN), re.compile(r"[.,]\d{2}(?!\d)")
DRAWN, DOTTED, DASHED, PLAIN, COLON = "drawn", "dotted", "dashed", "plain", "colon"


@dataclass(slots=True)
class ReceiptItem:
    line: Line
    end: int
    name: Cell
    quantity: Cell = None
    price: Cell = None
    amount: Cell = None
    gap: str = ""
    is_taxed: bool = False


def amount_line(line: Line) -> re.Match[str] | None:
    """Match a name with an amount behind it."""
    return _AMOUNT_LAST.fullmatch(line.text)


def counted_line(line: Line) -> re.Match[str] | None:
    """Match a name with a quantity and no amount behind it: `Helmet x4`."""
    return _COUNTED.fullmatch(line.text)


def detail_line(line: Line) -> re.Match[str] | None:
    """Match a quantity and a price, which stand below a name."""
    return _DETAIL.fullmatch(line.text) if _TIMES.search(line.text) else None


def is_name(lines: Sequence[Line], i: int) -> bool:
    """Return True for a name whose amount stands in the line below."""
    detail = detail_line(lines[i + 1]) if i + 1 < len(lines) else None
    return detail is not None and any(c.isalpha() for c in lines[i].text) and len(lines[i].text) <= 60


def may_be_item(match: re.Match[str]) -> bool:
    """Return True unless the line spoils any table: a number that is no money, with no dots before it."""
    return is_money(match["amount"]) or _kind(match["gap"]) == DOTTED


def is_money(amount: str) -> bool:
    return has_sign(amount) or _HAS_CENTS.search(amount) is not None


def has_sign(amount: str) -> bool:
    return _HAS_SIGN.search(amount) is not None


def may_begin(lines: Sequence[Line], i: int) -> bool:
    """Return True for a line with a name and a number, or with a name over a quantity."""
    if _LETTER.search(lines[i].text) is None:
        return False
    return _DIGIT.search(lines[i].text) is not None or is_name(lines, i)


def has_digit(line: str) -> bool:
    return _DIGIT.search(line) is not None


def _kind(gap: str) -> str:
    """Return the form of what stands between a name and its amount."""
    if any(mark in gap for mark in "·…_") or ".." in gap.replace(" ", ""):
        return DOTTED
    if gap.strip() and gap.strip() in "-–—=→":
        return DASHED
    if ":" in gap:
        return COLON
    return PLAIN if len(gap) == 1 else DRAWN


def item_of(text: str, line: Line, match: re.Match[str]) -> ReceiptItem:
    start = line.start
    item_start, item_end = start + match.start("item"), start + match.end("item")
    item = ReceiptItem(line, line.end, cell(text, item_start, item_end), gap=_kind(match["gap"]))
    if item.name and item.name.text.startswith("**") and item.name.text.endswith("**"):
        item_start, item_end = item.name.start + 2, item.name.end - 2
        item.name = cell(text, item_start, item_end)
    item.amount = cell(text, start + match.start("amount"), start + match.end("amount"))
    marks = line.text[match.end("gap") : match.start("amount")] + line.text[match.end("amount") :]
    item.is_taxed = bool(marks.strip())
    content = text[item_start:item_end]
    if not _MAY_COUNT.search(content):
        return item
    for inline in (_INLINE, _PRICE_EACH):
        if priced := inline.fullmatch(text, item_start, item_end):
            spans = [priced.span(name) for name in ("name", "count", "price")]
            item.name, item.quantity, item.price = (cell(text, *span) for span in spans)
            return item
    for form in _COUNT_OF_PRICE:
        if counted := form.fullmatch(text, item_start, item_end):
            item.name, item.quantity = cell(text, *counted.span("name")), cell(text, *counted.span("count"))
            item.price, item.amount = item.amount, None
            return item
    for form in (_COUNT_LAST, _COUNT_FIRST):
        counted = form.fullmatch(text, item_start, item_end)
        if counted and not (evidence.is_label(counted["name"].split()[0]) or starts_with_month(counted["name"])):
            # 1 May is no quantity.
            item.name, item.quantity = cell(text, *counted.span("name")), cell(text, *counted.span("count"))
            _take_price(text, item, *counted.span("name"))
            break
    return item


def _take_price(text: str, item: ReceiptItem, start: int, end: int) -> None:
    """Part the price from the name in `2 PAN MOLDE 1,35 2,70`, where it is the amount of one."""
    match = _PRICE_LAST.fullmatch(text, start, end)
    if match is None or item.quantity is None or item.amount is None:
        return
    count, price, amount = (_number(raw) for raw in (item.quantity.text, match["price"], item.amount.text))
    if count * price == amount:
        item.name, item.price = cell(text, *match.span("name")), cell(text, *match.span("price"))


def _number(raw: str) -> Decimal:
    """Return an amount of whole units or with two decimals; the marks before them part thousands."""
    whole, cents = re.sub(r"[.,]\d{2}(?!\d).*", "", raw), _HAS_CENTS.search(raw)
    digits = "".join(c for c in whole if c.isdecimal()) or "0"
    return Decimal(f"{digits}.{cents.group()[1:]}" if cents else digits)


def counted_item(text: str, line: Line, match: re.Match[str]) -> ReceiptItem:
    spans = {name: (line.start + match.start(name), line.start + match.end(name)) for name in ("name", "count")}
    return ReceiptItem(line, line.end, cell(text, *spans["name"]), cell(text, *spans["count"]), gap=DASHED)


def add_detail(text: str, item: ReceiptItem, line: Line, detail: re.Match[str]) -> None:
    spans = {name: (line.start + detail.start(name), line.start + detail.end(name)) for name in detail.groupdict()}
    item.quantity, item.price = cell(text, *spans["quantity"]), cell(text, *spans["price"])
    if detail["amount"]:
        item.amount = cell(text, *spans["amount"])
    item.end = line.end
