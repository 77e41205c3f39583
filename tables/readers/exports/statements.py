"""Account statements of banks in SWIFT's format MT940: a row for each `:61:` with the `:86:` below it."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, Span, grid

_ENTRY = re.compile(
    r":61:(?P<date>\d{6})(?P<booked>\d{4})?(?P<sign>R?[DC])(?P<currency>[A-Z])?(?P<amount>\d{1,15},\d{0,2})"
    r"(?P<type>[NFS][A-Z0-9]{3})?(?P<reference>[^/\n]{0,40})(?://(?P<bank>.*))?"
)
_TAG = re.compile(r":\d\d[A-Z]?:|-\}|-$")
_SUBFIELD = re.compile(r"\?\d\d")
_NAMES = ("Value date", "Amount", "Type", "Reference", "Description")


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if text.find(":61:", lines[0].start, lines[-1].end) < 0:
        return
    rows: list[list[Cell]] = []
    start = end = i = 0
    while i < len(lines):
        match = _ENTRY.match(lines[i].text)
        i += 1
        if match is None:
            continue
        line = lines[i - 1]
        start, end = start if rows else line.start, line.end
        row = _row(line, match)
        while i < len(lines) and not lines[i].is_blank and not _TAG.match(lines[i].text):
            i += 1  # supplementary details
        if i < len(lines) and lines[i].text.startswith(":86:"):
            first = i
            i += 1
            while i < len(lines) and not lines[i].is_blank and not _TAG.match(lines[i].text):
                i += 1
            row.append(_description(text, lines[first].start + 4, lines[i - 1].end))
            end = lines[i - 1].end
        rows.append(row)
    if rows and (
        result := grid("statement", _NAMES, [[*row, *(None,) * (5 - len(row))] for row in rows], (start, end))
    ):
        yield result


def _row(line: Line, match: re.Match[str]) -> list[Cell]:
    day = match["date"]
    is_debit = match["sign"] in ("D", "RC")
    amount = match["amount"] + ("00" if match["amount"].endswith(",") else "")
    at = line.start
    date = Span(f"20{day[:2]}-{day[2:4]}-{day[4:]}", at + match.start("date"), at + match.end("date"))
    # The sign is a letter before the amount, so the quote begins there.
    money = Span(("-" if is_debit else "") + amount, at + match.start("sign"), at + match.end("amount"))
    rest = [
        Span(match[name].strip(), at + match.start(name), at + match.start(name) + len(match[name].rstrip()))
        if match[name] and match[name].strip()
        else None
        for name in ("type", "reference")
    ]
    return [date, money, *rest]


def _description(text: str, start: int, end: int) -> Cell:
    raw = text[start:end].rstrip()
    plain = _SUBFIELD.sub(" ", raw) if _SUBFIELD.search(raw) else raw
    content = " ".join(plain.split())
    return Span(content, start, start + len(raw)) if content else None
