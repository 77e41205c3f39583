"""Bibliographies: entries of BibTeX and RIS, and numbered references with authors and a year."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import MAX_COLUMNS, Cell, Grid, Line, cell, grid

_ENTRY = re.compile(r"[ \t]*@(?P<type>[A-Za-z]+)[ \t]*\{[ \t]*(?P<key>[^\s,{}]+)[ \t]*,")
_FIELD = re.compile(
    r"\s*(?P<name>[A-Za-z][\w-]*)\s*=\s*(?:\{(?P<braced>[^{}]*+(?:\{[^{}]*+\}[^{}]*+)*+)\}|\"(?P<quoted>[^\"]*+)\""
    r"|(?P<bare>[\w.-]+))\s*,?"
)
_RIS = re.compile(r"(?P<tag>[A-Z][A-Z0-9])  - (?P<value>.*)")
_REFERENCE = re.compile(
    r"[ \t]*(?:(?:\[(?P<number>\d{1,3})\]|(?P<counted>\d{1,3})[.)]|[-*•])[ \t]+)?"
    r"(?P<authors>[^\W\d_][^()\n]{3,200}?)[ \t]*\((?P<year>(?:18|19|20)\d\d)[a-z]?\)[.,:]?[ \t]+"
    r"[\"“]?(?P<title>[^\n\"”]{3,250}?)(?:[.?!]|[.,?!]?[\"”][.,]?)[ \t]+(?=[*_]?[^\W\d_])[*_]?"
    r"(?P<source>[^\n]{3,200}?)[ \t]*"
)
_FEWEST = 2
_SPACES = re.compile(r"\s+")


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    start, end = lines[0].start, lines[-1].end
    if text.find("@", start, end) >= 0:
        yield from _bibtex(text, lines)
    if text.find("  - ", start, end) >= 0:
        yield from _ris(text, lines)
    if text.find("(", start, end) >= 0:
        yield from _numbered(text, lines)


def unescape(raw: str) -> str:
    """Return a value of BibTeX without braces, on one line."""
    return _SPACES.sub(" ", raw.replace("{", "").replace("}", "")).strip()


def _bibtex(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    records: list[dict[str, Cell]] = []
    start = end = 0
    for line in lines:
        match = _ENTRY.match(line.text) if "@" in line.text and line.start >= end else None
        if match is None:
            continue
        record: dict[str, Cell] = {
            "key": cell(text, line.start + match.start("key"), line.start + match.end("key")),
            "type": cell(text, line.start + match.start("type"), line.start + match.end("type")),
        }
        at = line.start + match.end()
        while field := _FIELD.match(text, at, lines[-1].end):
            part = next(name for name in ("braced", "quoted", "bare") if field[name] is not None)
            record[field["name"].lower()] = cell(text, *field.span(part), unescape)
            at = field.end()
        start, end = (start if records else line.start), text.find("}", at) + 1 or at
        records.append(record)
    yield from _table(records, (start, end), 1)


def _ris(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    records: list[dict[str, Cell]] = []
    open_record: dict[str, Cell] | None = None
    start = end = 0
    for line in lines:
        match = _RIS.fullmatch(line.text.rstrip())
        if match is None and line.text.startswith("ER"):
            open_record = None
        if match is None:
            continue
        if match["tag"] == "TY":
            open_record = {}
            records.append(open_record)
            start = start if len(records) > 1 else line.start
        if open_record is not None and match["tag"] != "ER":
            value = cell(text, line.start + match.start("value"), line.end)
            name, count = match["tag"], 2
            while name in open_record:
                name, count = f"{match['tag']} {count}", count + 1
            open_record[name] = value
        end = line.end
    yield from _table(records, (start, end), 1)


def _numbered(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    run: list[tuple[Line, re.Match[str]]] = []
    for line in lines:
        if line.is_blank and run:
            continue
        match = _REFERENCE.fullmatch(line.text) if "(" in line.text and len(line.text) < 600 else None
        if match is None or not _is_author(match["authors"]):
            yield from _references(text, run)
            run = []
        else:
            run.append((line, match))
    yield from _references(text, run)


def _is_author(names: str) -> bool:
    """Return True for `Smith, J., & Lee, K.` and `Smith J, Lee K`: initials stand in it."""
    return re.search(r"\b[^\W\d_]\.|, [^\W\d_]\b|\b[A-Z]{1,2}\b|et al", names) is not None


def _references(text: str, run: Sequence[tuple[Line, re.Match[str]]]) -> Iterator[Grid]:
    if len(run) < _FEWEST:
        return
    names = {"number": "Number", "authors": "Authors", "year": "Year", "title": "Title", "source": "Source"}
    rows: list[list[Cell]] = []
    for line, match in run:
        number = "number" if match["number"] else "counted"
        spans = [match.span(number if name == "number" else name) for name in names]
        rows.append([cell(text, line.start + a, line.start + b) if a >= 0 else None for a, b in spans])
    titles = [title if any(row[n] for row in rows) else None for n, title in enumerate(names.values())]
    if result := grid("list", titles, rows, (run[0][0].start, run[-1][0].end)):
        yield result


def _table(records: Sequence[dict[str, Cell]], extent: tuple[int, int], fewest: int) -> Iterator[Grid]:
    names = list(dict.fromkeys(name for record in records for name in record))[:MAX_COLUMNS]
    rows = [[record.get(name) for name in names] for record in records]
    if len(rows) >= fewest and (result := grid("reference", names, rows, extent)):
        yield result
