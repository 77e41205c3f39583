"""Lines of a log: a time, mostly a level and who writes, then the message; and those of a system log."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, cell, grid

ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRIT(?:ICAL)?|FATAL)"
LEVELLED = re.compile(
    rf"\[?(?P<time>{ISO})\]?\s+"
    r"(?:[\[(]?(?P<level>" + LEVEL + r")[\])]?:?\s+)"
    r"(?:(?P<writer>\[[^\]\n]{1,60}\]|[\w./-]{1,60}(?=:?\s{2}|:\s)):?\s+)?"
    r"(?P<message>\S.*)",
    re.IGNORECASE,
)
# The month is a word of any language; whoever writes may have the number of a process behind it.
_SYSTEM = re.compile(
    rf"(?:<\d{{1,3}}>)?(?P<time>[^\W\d_]{{3,5}}\.?[ ]{{1,2}}\d{{1,2}}[ ]\d\d:\d\d:\d\d|{ISO})[ ]+"
    r"(?P<host>[\w.-]{1,255})[ ]+(?P<process>[\w./()-]{1,60}(?:\[\d{1,9}\])?):[ ]+(?P<message>\S.*)"
)
_ACCESS = re.compile(
    r"(?P<host>[\w.:-]{1,255})[ ](?:-|(?P<ident>\S{1,64}))[ ](?:-|(?P<user>\S{1,64}))[ ]\[(?P<time>[^\]\n]{10,40})\][ ]"
    r"\"(?P<request>[^\"\n]*)\"[ ](?P<status>\d{3})[ ](?:-|(?P<bytes>\d{1,12}))"
    r"(?:[ ]\"(?:-|(?P<referrer>[^\"\n]*))\"[ ]\"(?:-|(?P<agent>[^\"\n]*))\")?.{0,100}"
)
# The time and nothing else that every line has: `2026-05-03 08:14:02 pump started`.
_STAMPED = re.compile(rf"\[?(?P<time>{ISO})\]?(?:[ ]?[-–|:])?\s+(?P<message>[^\s,;|].*)")
_NAMED = re.compile(
    rf"(?P<time>{ISO})[ ][-|][ ](?P<writer>[\w.]{{1,60}})[ ][-|][ ](?P<level>[A-Z]{{4,8}})[ ][-|][ ](?P<message>\S.*)"
)
# Log4j and its like: `2026-03-01 10:00:01,123 [main] INFO  org.example.App - started`.
_CLOCKED = rf"(?:{ISO}|\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?)"
THREADED = re.compile(
    rf"(?P<time>{_CLOCKED})[ ]+\[(?P<thread>[^\]\n]{{1,60}})\][ ]+(?P<level>{LEVEL})[ ]+(?P<writer>[\w.$/-]{{1,80}})"
    r"[ ]*(?::|[ ]-)[ ]+(?P<message>\S.*)"
)
_TIME = re.compile(r"\d\d:\d\d:\d\d")
_FEWEST, _FEWEST_REQUESTS = 3, 2  # a request to a web server looks like nothing else
_MESSAGE_ONLY = {"time": "Time", "message": "Message"}
_FORMS = (
    (LEVELLED, {"time": "Time", "level": "Level", "writer": "Component", "message": "Message"}),
    (_NAMED, {"time": "Time", "writer": "Component", "level": "Level", "message": "Message"}),
    (_SYSTEM, {"time": "Time", "host": "Host", "process": "Process", "message": "Message"}),
    (
        _ACCESS,
        {
            "host": "Host",
            "ident": "Identity",
            "user": "User",
            "time": "Time",
            "request": "Request",
            "status": "Status",
            "bytes": "Bytes",
            "referrer": "Referrer",
            "agent": "User agent",
        },
    ),
    (THREADED, {"time": "Time", "thread": "Thread", "level": "Level", "writer": "Component", "message": "Message"}),
    (_STAMPED, _MESSAGE_ONLY),
)


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _TIME.search(text, lines[0].start, lines[-1].end) is None:
        return
    run: list[tuple[Line, re.Match[str], dict[str, str]]] = []
    for line in lines:
        match, titles = _found(line)
        if match is None or titles is None:
            continue  # lines without a time go on with the message above
        if run and titles is not run[0][2] and not (titles is _MESSAGE_ONLY and "message" in run[0][2]):
            yield from _table(text, run)
            run = []
        run.append((line, match, titles))
    yield from _table(text, run)


def _found(line: Line) -> tuple[re.Match[str] | None, dict[str, str] | None]:
    """Match a line in the first form that it has; return the match and the titles of that form."""
    for form, titles in _FORMS:
        if match := form.fullmatch(line.text):
            return match, titles
    return None, None


def _table(text: str, run: Sequence[tuple[Line, re.Match[str], dict[str, str]]]) -> Iterator[Grid]:
    if len(run) >= (_FEWEST_REQUESTS if run and run[0][1].re is _ACCESS else _FEWEST):
        names = run[0][2]
        rows = [[_part(text, line, match, name) for name in names] for line, match, _ in run]
        # What is empty in every row is left out with its title.
        titles = [title if any(row[n] for row in rows) else None for n, title in enumerate(names.values())]
        if match := grid("log", titles, rows, (run[0][0].start, run[-1][0].end)):
            yield match


def _part(text: str, line: Line, match: re.Match[str], name: str) -> Cell:
    start, end = match.span(name) if name in match.re.groupindex else (-1, -1)
    if start >= 0 and match[name].startswith("[") and match[name].endswith("]"):
        start, end = start + 1, end - 1
    return cell(text, line.start + start, line.start + end) if start >= 0 else None
