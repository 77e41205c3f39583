"""Listings of folders, as `ls -l` and `dir` print them."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, cell, grid

_CLOCK = r"\d{1,2}:\d{2}(?:[ ]?[AaPp]\.?[Mm]\.?)?"
_UNIX = re.compile(
    r"[ \t]*(?:\d+[ ]+)?(?P<permissions>[-dlbcps][-rwxsStT]{9}[+@.]?)[ ]+(?P<links>\d+)[ ]+"
    r"(?P<owner>\S+)[ ]+(?P<group>\S+)[ ]+(?P<size>[\d.,]+[KMGTB]?)[ ]+"
    r"(?P<modified>\S{2,5}[ ]+\d{1,2}\.?[ ]+(?:\d{1,2}:\d{2}|\d{4})"
    r"|\d{1,2}\.?[ ]+\S{2,5}[ ]+(?:\d{1,2}:\d{2}|\d{4})|\d{4}-\d\d-\d\d[ ]\d\d:\d\d(?::\S+(?:[ ][+-]\d{4})?)?)"
    r"[ ](?P<name>\S.*)"
)
_WINDOWS = re.compile(
    rf"[ \t]*(?P<modified>\d{{1,4}}[-./]\d{{1,2}}[-./]\d{{2,4}}[ ]+{_CLOCK})[ ]+"
    r"(?:(?P<type><(?:DIR|JUNCTION|SYMLINKD?)>)|(?P<size>\d[\d.,\u00a0\u202f]*))[ ]+(?P<name>\S.*)"
)
_TITLES = {
    "permissions": "Permissions",
    "links": "Links",
    "owner": "Owner",
    "group": "Group",
    "modified": "Modified",
    "type": "Type",
    "size": "Size",
    "name": "Name",
}
_FEWEST = 2

Entry = tuple[Line, re.Match[str]]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    run: list[Entry] = []
    for line in lines:
        match = _UNIX.fullmatch(line.text) or _WINDOWS.fullmatch(line.text) if line.text[-1:].strip() else None
        if run and (match is None or match.re is not run[0][1].re):
            yield from _table(text, run)
            run = []
        if match:
            run.append((line, match))
    yield from _table(text, run)


def _table(text: str, run: Sequence[Entry]) -> Iterator[Grid]:
    if len(run) < _FEWEST:
        return
    names = sorted(run[0][1].re.groupindex, key=run[0][1].re.groupindex.__getitem__)
    rows = [[_part(text, line, match, name) for name in names] for line, match in run]
    titles = [_TITLES[name] if any(row[n] for row in rows) else None for n, name in enumerate(names)]
    if table := grid("list", titles, rows, (run[0][0].start, run[-1][0].end)):
        yield table


def _part(text: str, line: Line, match: re.Match[str], name: str) -> Cell:
    start, end = match.span(name)
    return cell(text, line.start + start, line.start + end) if start >= 0 else None
