"""Histories of version control: `git log` and `git log --oneline`."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, cell, grid

_DAY = r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?(?:[ ]?(?:Z|[+-]\d\d:?\d\d))?)?"
_SHORT = re.compile(
    r"(?:[*|/\\ ]+[ ])?(?P<hash>(?=[a-f]*\d)[0-9a-f]{7,12}|[0-9a-f]{40})(?:[ ]-)?(?:[ ]\((?P<refs>[^()\n]{1,120})\))?"
    rf"[ ]+(?:(?P<date>{_DAY})[ ]+(?:(?P<author>[^\W\d_][^\n]{{1,38}}?)[ ]{{2,}})?)?(?P<message>[^\W\d_](?:(?!  ).)*?)"
    r"(?:[ ]\((?P<age>\d+ [a-z]+ ago)\))?(?:[ ]<(?P<by>[^<>\n]{1,60})>)?[ ]*"
)
_COMMIT = re.compile(r"commit (?P<hash>[0-9a-f]{7,40})(?: \([^()\n]*\))?")
_FIELD = re.compile(r"(?P<name>Author|Date|AuthorDate|Merge|Commit|CommitDate): +(?P<value>\S[^\n]*)")
_TITLES = {
    "hash": "Commit",
    "refs": "Refs",
    "date": "Date",
    "author": "Author",
    "message": "Message",
    "age": "Age",
    "by": "Author",
}
_FEWEST, _FEWEST_LONG = 3, 2


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if any(line.text.startswith("commit ") for line in lines):
        yield from _long(text, lines)
        return
    run: list[tuple[Line, re.Match[str]]] = []
    for line in lines:
        match = _SHORT.fullmatch(line.text) if len(line.text) <= 300 else None
        if match:
            run.append((line, match))
        elif run:
            yield from _short(text, run)
            run = []
    yield from _short(text, run)


def _short(text: str, run: Sequence[tuple[Line, re.Match[str]]]) -> Iterator[Grid]:
    if len(run) < _FEWEST:
        return
    rows = [
        [cell(text, line.start + match.start(n), line.start + match.end(n)) if match[n] else None for n in _TITLES]
        for line, match in run
    ]
    titles = [title if any(row[n] for row in rows) else None for n, title in enumerate(_TITLES.values())]
    if table := grid("log", titles, rows, (run[0][0].start, run[-1][0].end)):
        yield table


def _long(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    """Yield the commits of `git log`; the message is the indented lines below the fields."""
    rows: list[dict[str, Cell]] = []
    first = last = 0
    for line in lines:
        if commit := _COMMIT.fullmatch(line.text):
            first = first if rows else line.start
            rows.append({"Commit": cell(text, line.start + commit.start("hash"), line.start + commit.end("hash"))})
        elif rows and (field := _FIELD.fullmatch(line.text)):
            name = field["name"].removeprefix("Author") or "Author"
            rows[-1][name] = cell(text, line.start + field.start("value"), line.end)
        elif rows and line.text.startswith("    ") and not line.is_blank:
            message = rows[-1].get("Message")
            start = message.start if message else line.start
            rows[-1]["Message"] = cell(text, start, line.end, _dedented)
        elif rows and not line.is_blank:
            break
        last = line.end if rows and not line.is_blank else last
    titles = ("Commit", "Merge", "Author", "Date", "Message")
    if len(rows) >= _FEWEST_LONG:
        cells = [[row.get(title) for title in titles] for row in rows]
        named = [title if any(row[n] for row in cells) else None for n, title in enumerate(titles)]
        if table := grid("log", named, cells, (first, last)):
            yield table


def _dedented(raw: str) -> str:
    return "\n".join(line.strip() for line in raw.splitlines()).strip()
