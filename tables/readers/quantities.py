"""Orders and bills: `12 x Safety helmet`, `3 Stk. Lampe`, `2 locks at $35 = $70`, `- 40 bricks`, line by line."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.leading_days import starts_with_month
from tables.readers.spans import Cell, Grid, Line, cell, grid

_LEAD = r"[ \t]*(?P<bullet>[-*•–][ \t]+)?(?P<number>\d{1,6}(?:[.,]\d{1,3})?)[ \t]?"
_MONEY = (
    r"(?:(?:[€$£¥₹]|[A-Z]{3})[ \t]?)?\d[\d.,'’ \u00a0\u202f]{0,18}(?<![ \u00a0\u202f])"
    r"(?:[ \t\u00a0\u202f]?(?:[€$£¥₹元]|[A-Z]{3}))?"
)
_UNIT = r"pcs?|pieces|boxes|stk|stück|ud?s|unidades|pièces|kg|個|个|箱|件|瓶|包"
_COUNTED = re.compile(
    rf"{_LEAD}(?:[x×XхХ*](?=[ \t])|(?P<unit>{_UNIT})\b\.?)[ \t]*(?P<item>\S.*)",
    re.IGNORECASE,
)
_PRICED = re.compile(
    rf"{_LEAD}(?:[x×хХ*][ \t]+)?(?P<item>[^\W\d_](?:(?:(?! = ).)*?\S)?)"
    rf"(?:[ \t]++(?:at|@|à|a|je|zu|each)[ \t]+(?P<price>{_MONEY}))?"
    rf"(?:[ \t]++=[ \t]+(?P<amount>{_MONEY}))?"
)
_MEASURE = (
    r"mg|g|kg|ml|cl|dl|l|m|cm|mm|lbs?|oz|tsp|tbsp|cups?|el|tl|prisen?|pck\.?|pkg\.?|dosen?|gr|cs|cc|c\. ?à ?[sc]\.?"
    r"|cucharad(?:it)?as?|tazas?|cucchiai(?:ni|o|no)?|colher(?:es)?|xícaras?|г|кг|мл|л|ст\. ?л\.|ч\. ?л\."
    r"|łyżk[aię]|łyżeczk[aię]|szklank[aię]|克|毫升"
)
_BARE = re.compile(rf"{_LEAD}(?:(?P<unit>{_MEASURE})(?=[ \t])[ \t]+|(?<=[ \t]))(?P<item>[^\W\d_].*)", re.IGNORECASE)
_NUMBER = re.compile(r"[ \t]*(?:[-*•–][ \t]+)?\d")
_IS_MONEY = re.compile(r"[€$£¥₹元]|[A-Z]{3}|[.,]\d{2}\Z")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LONGEST, _LONGEST_ITEM = 300, 60
_FEWEST_MEASURED = 3
_TITLES = {"number": "Quantity", "unit": "Unit", "item": "Item", "price": "Price", "amount": "Amount"}

Found = tuple[Line, re.Match[str]]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if not any(_NUMBER.match(line.text) for line in lines):
        return
    run: list[Found] = []
    form: re.Pattern[str] | None = None
    for line in lines:
        match = _found(line, form)
        if match is None or match.re is not form:
            yield from _table(text, run)
            run, form = [], match.re if match else None
        if match:
            run.append((line, match))
    yield from _table(text, run)


def _found(line: Line, form: re.Pattern[str] | None) -> re.Match[str] | None:
    """Match a line in the form of the lines above it, or else in the first form that it has."""
    if len(line.text) > _LONGEST:
        return None
    for pattern in (form, _PRICED, _COUNTED, _BARE):
        match = pattern.fullmatch(line.text) if pattern else None
        if match and _is_so(match):
            return match
    return None


def is_priced(line: str) -> bool:
    """Return True for a line of a bill such as `2 locks at $35 = $70`."""
    match = _PRICED.fullmatch(line) if len(line) <= _LONGEST and _NUMBER.match(line) else None
    return match is not None and _is_so(match)


def _is_so(match: re.Match[str]) -> bool:
    """Return True for a bill, which has a price, or an order, which has a mark such as `x`.

    Sentences may begin with a number too.
    """
    if starts_with_month(match["item"]):  # the number is a day
        return False
    if match.re is _PRICED:
        return any(_IS_MONEY.search(amount) for amount in (match["price"], match["amount"]) if amount)
    if match.re is _COUNTED:
        return True
    return not match["item"].endswith((".", "!", "?")) and len(match["item"]) <= _LONGEST_ITEM


def _table(text: str, run: Sequence[Found]) -> Iterator[Grid]:
    if len(run) < 2 or (run[0][1].re is _BARE and not _are_counts(run)):
        return
    if run[0][1].re is _BARE and not (all(match["bullet"] for _, match in run) or _are_measured(run)):
        return
    names = [name for name in _TITLES if name in run[0][1].re.groupindex]
    if run[0][1].re is _BARE and not _are_measured(run):
        names.remove("unit")
    rows = [[_part(text, line, match, name, has_unit="unit" in names) for name in names] for line, match in run]
    titles = [_TITLES[name] if any(row[n] for row in rows) else None for n, name in enumerate(names)]
    if match := grid("list", titles, rows, (run[0][0].start, run[-1][0].end)):
        yield match


def _are_counts(run: Sequence[Found]) -> bool:
    """Numbers before things, and not years, nor what numbers the items."""
    numbers = [match["number"] for _, match in run]
    ordinals = [str(n) for n in range(int(numbers[0]), int(numbers[0]) + len(run))] if numbers[0].isdigit() else []
    return numbers != ordinals and not all(map(_YEAR.fullmatch, numbers))


def _are_measured(run: Sequence[Found]) -> bool:
    """Return True when most numbers have a unit; without bullets, lines of other texts begin with numbers."""
    units = [match["unit"] is not None for _, match in run]
    return len(run) >= _FEWEST_MEASURED and 2 * sum(units) >= len(units)


def _part(text: str, line: Line, match: re.Match[str], name: str, *, has_unit: bool) -> Cell:
    """Return a part of a line; a unit that few lines have stays with the item, `kg of sand`."""
    start, end = match.span(name)
    if name == "item" and not has_unit and "unit" in match.re.groupindex and match["unit"]:
        start = match.start("unit")
    return cell(text, line.start + start, line.start + end) if start >= 0 else None
