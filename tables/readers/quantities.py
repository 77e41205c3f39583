"""Orders and bills: `12 x Safety helmet`, `3 Stk. Lampe`, `2 locks at $35 = $70`, `- 40 bricks`, line by line."""

import re
from collections.abc import Iterator, Sequence

from tables.readers import sums
from tables.readers.leading_days import starts_with_month
from tables.readers.spans import Cell, Grid, Line, cell, grid

_LEAD = r"[ \t]*(?P<bullet>[-*•–][ \t]+)?(?P<number>\d{1,6}(?:[.,]\d{1,3})?)[ \t]?"
_MONEY = (
    r"(?:(?:[€$£¥₹]|[A-Z]{3})[ \t]?)?\d[\d.,'’ \u00a0\u202f]{0,18}(?<![ \u00a0\u202f])"
    r"(?:[ \t\u00a0\u202f]?(?:[€$£¥₹元]|[A-Z]{3}))?"
)
_UNIT = (
    r"pcs?|pieces|boxes|stk|stück|ud?s|unidades|pièces|kg|szt|sztuk[ai]?|шт|штук[аи]?|adet|ks|db|kpl|pz|pezzi|stuks?"
    r"|doz|dozen|個|个|箱|件|瓶|包"
)
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
_PORTION = (
    r"|pinch(?:es)?|cloves?|cans?|tins?|handfuls?|slices?|sticks?|bunch(?:es)?|dash(?:es)?|sprigs?|heads?|packs?"
    r"|packets?|knobs?|drops?|jars?|pints?|quarts?|fl\. ?oz|tablespoons?|teaspoons?|ounces?|pounds?|grams?|bund|zehen?"
    r"|scheiben?|päckchen|becher|tassen?|msp\.?|pincées?|gousses?|tranches?|tasses?|verres?|sachets?"
    r"|cuillères? à (?:soupe|café)|pizcas?|dientes?|latas?|manojos?|pizzico|spicchio?|fette|dentes?|pitadas?"
    r"|colheres? de (?:sopa|chá)|eetlepels?|theelepels?|teentjes?|зубчик(?:а|ов)?|щепотк[аи]|szczypt[aęy]"
    r"|ząbk(?:i|ów)|ząbek|大さじ|小さじ|カップ|勺|杯|把|本|枚"
)
# `1/2`, `1 1/2`, `½`, `2½`, `2-3`.
_FRACTION = (
    r"\d{1,2}[ ]\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}|\d{0,2}[ ]?[¼½¾⅓⅔⅛⅜⅝⅞]|\d{1,4}[ ]?[-–][ ]?\d{1,4}"
    r"|\d{1,6}(?:[.,]\d{1,3})?"
)
_BARE = re.compile(
    rf"[ \t]*(?P<bullet>[-*•–][ \t]+)?(?P<number>{_FRACTION})[ \t]?"
    rf"(?:(?P<unit>{_MEASURE}{_PORTION})(?=[ \t])[ \t]+(?:of[ ]|d['’]|de[ ](?=[^\W\d_]))?|(?<=[ \t]))"
    r"(?P<item>[^\W\d_].*)",
    re.IGNORECASE,
)
_UNCOUNTED = re.compile(
    r"[ \t]*(?P<bullet>[-*•–][ \t]+)?(?P<number>(?!))?(?P<unit>(?!))?(?P<item>[^\W\d_].{0,38}\w\)?)[ \t]*"
)
_MOST_UNCOUNTED = 5  # blanks
# `-12.50 cinema`, `45 € rent`: what was spent or got, before what for.
_SPENT = re.compile(
    r"[ \t]*(?P<bullet>[-*•–][ \t]+)?(?P<amount>[-+−][€$£¥₹]?\d[\d.,]{0,12}(?:[ ]?[€$£¥₹₽])?"
    r"|[€$£¥₹][ ]?\d[\d.,]{0,12}|\d[\d.,]{0,12}[ ]?[€$£¥₹₽])[ \t]+(?P<item>[^\W\d_].*)"
)
_NUMBER = re.compile(r"[ \t]*(?:[-+−€$£¥₹] ?|[-*•–][ \t]+)?[\d¼½¾⅓⅔⅛⅜⅝⅞]")
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
    for index, line in enumerate(lines):
        match = _found(line, form) or _uncounted(lines, index, run)
        if match is None or match.re not in (form, _UNCOUNTED):
            yield from _table(text, run)
            run, form = [], match.re if match else None
        if match:
            run.append((line, match))
    yield from _table(text, run)


def _found(line: Line, form: re.Pattern[str] | None) -> re.Match[str] | None:
    """Match a line in the form of the lines above it, or else in the first form that it has."""
    if len(line.text) > _LONGEST:
        return None
    for pattern in (form, _PRICED, _COUNTED, _SPENT, _BARE):
        match = pattern.fullmatch(line.text) if pattern else None
        if match and _is_so(match):
            return match
    return None


def _uncounted(lines: Sequence[Line], index: int, run: Sequence[Found]) -> re.Match[str] | None:
    """Match `pinch of salt` between measured items."""
    if not run or run[0][1].re is not _BARE or index + 1 == len(lines) or run[-1][1].re is _UNCOUNTED:
        return None
    match = _UNCOUNTED.fullmatch(lines[index].text) if _found(lines[index + 1], _BARE) else None
    is_short = match is not None and match["item"].count(" ") < _MOST_UNCOUNTED
    return match if is_short else None


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
    if match.re is _SPENT and match["item"].startswith(("each", "per ", "pro ", "off ")):
        return False
    return not match["item"].endswith((".", "!", "?", ",")) and len(match["item"]) <= _LONGEST_ITEM


def _table(text: str, run: Sequence[Found]) -> Iterator[Grid]:
    if len(run) < 2 or (run[0][1].re is _BARE and not _are_counts(run)):
        return
    if run[0][1].re is _SPENT and len(run) < _FEWEST_MEASURED:
        return
    if run[0][1].re is _BARE and not (all(match["bullet"] for _, match in run) or _are_measured(run)):
        yield from _counts(text, run)
        return
    groups = run[0][1].re.groupindex
    names = ["amount", "item"] if run[0][1].re is _SPENT else [name for name in _TITLES if name in groups]
    if run[0][1].re is _BARE and not _are_measured(run):
        names.remove("unit")
    rows = [[_part(text, line, match, name, has_unit="unit" in names) for name in names] for line, match in run]
    titles = [_TITLES[name] if any(row[n] for row in rows) else None for n, name in enumerate(names)]
    if match := grid("list", titles, rows, (run[0][0].start, run[-1][0].end)):
        yield match


def _counts(text: str, run: Sequence[Found]) -> Iterator[Grid]:
    """Yield the table of numbers printed below each other, as by `wc -l` and `uniq -c`, without their total."""
    ends = {match.end("number") for _, match in run}
    if len(run) < _FEWEST_MEASURED or len(ends) > 1 or not any(line.text[:1] == " " for line, _ in run):
        return
    if not any(match.start("number") != run[0][1].start("number") for _, match in run):
        return
    rows = [[_part(text, line, match, name, has_unit=False) for name in ("number", "item")] for line, match in run]
    counted = [row for row in rows if not (row[1] and row[1].text.casefold() in sums.TOTALS)]
    if table := grid("list", ("Count", "Item"), counted, (run[0][0].start, run[-1][0].end)):
        yield table


def _are_counts(run: Sequence[Found]) -> bool:
    """Numbers before things, and not years, nor what numbers the items."""
    numbers = [match["number"] or "" for _, match in run]
    ordinals = [str(n) for n in range(int(numbers[0]), int(numbers[0]) + len(run))] if numbers[0].isdigit() else []
    return numbers != ordinals and not all(map(_YEAR.fullmatch, numbers))


def _are_measured(run: Sequence[Found]) -> bool:
    """Return True when most numbers have a unit; without bullets, lines of other texts begin with numbers."""
    units = [match["unit"] is not None for _, match in run if match["number"]]
    return len(units) >= _FEWEST_MEASURED and 2 * sum(units) >= len(units)


def _part(text: str, line: Line, match: re.Match[str], name: str, *, has_unit: bool) -> Cell:
    """Return a part of a line; a unit that few lines have stays with the item, `kg of sand`."""
    start, end = match.span(name)
    if name == "item" and not has_unit and "unit" in match.re.groupindex and match["unit"]:
        start = match.start("unit")
    return cell(text, line.start + start, line.start + end) if start >= 0 else None
