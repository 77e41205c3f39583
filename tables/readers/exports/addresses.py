"""People with their addresses, `Ann Lee <ann@example.org>`, line by line or one after the other."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, cell, grid

_MAIL = r"[^\s<>@,;:\"]{1,64}@[^\s<>@,;:\"]{1,255}"
_PERSON = re.compile(
    r"[ \t]*+(?:[-*•][ \t]++)?(?:\"(?P<quoted>[^\"\n]{1,80}+)\"[ \t]*+|(?P<name>[^<>@,;:\"\n]{1,80}+))"
    rf"<(?P<mail>{_MAIL})>[ \t]*(?:[,;]|$)",
    re.MULTILINE,
)
_FIELD = re.compile(r"[ \t]*[\w-]{1,20}:")
_FEWEST = 2


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if text.find("@", lines[0].start, lines[-1].end) < 0:
        return
    run: list[re.Match[str]] = []
    for line in lines:
        people = _people(text, line) if "@" in line.text and ">" in line.text else []
        if run and not people:
            yield from _table(text, run)
            run = []
        run += people
    yield from _table(text, run)


def _people(text: str, line: Line) -> list[re.Match[str]]:
    """Return the people of a line that has nothing else; `To:` of a mail may stand before several."""
    field = _FIELD.match(line.text)
    at = line.start + (field.end() if field else 0)
    people: list[re.Match[str]] = []
    while at < line.end:
        match = _PERSON.match(text, at, line.end)
        if match is None:
            return people if not text[at : line.end].strip() else []
        people.append(match)
        at = match.end()
    return people if not field or len(people) > 1 else []


def _table(text: str, run: Sequence[re.Match[str]]) -> Iterator[Grid]:
    rows: list[list[Cell]] = []
    for match in run:
        name = "quoted" if match["quoted"] else "name"
        rows.append([cell(text, *match.span(name)), cell(text, *match.span("mail"))])
    if len(rows) >= _FEWEST and (result := grid("list", ("Name", "Email"), rows, (run[0].start(), run[-1].end()))):
        yield result
