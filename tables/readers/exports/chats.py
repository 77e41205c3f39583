"""Exported chats: a time, a person and what they wrote, which may go on in the lines below."""

import re
from collections.abc import Iterator, Sequence

from tables.readers.spans import Cell, Grid, Line, cell, grid

_DAY = r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\.?"
_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[ \u202f\u00a0]?[APap]\.?[ ]?[Mm]\.?)?"
_TIME = rf"(?:{_DAY},?[ T]{{1,2}}(?:at |um |à |a las |в )?{_CLOCK}|{_CLOCK},[ ]{_DAY})"
_PERSON = r"[^\n:\[\]<>]{1,60}?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"[\u200e\u200f]?\[(?P<time>{_TIME})\][ ](?:[~\u200e] ?)?(?P<person>{_PERSON}):(?:[ ](?P<message>.*))?",
        rf"[\u200e\u200f]?(?P<time>{_TIME})[ ][-–][ ](?P<person>{_PERSON}):(?:[ ](?P<message>.*))?",
        rf"\[(?P<time>{_CLOCK})\][ ]<?(?P<person>{_PERSON})>?:(?:[ ](?P<message>.*))?",
        rf"\[(?P<time>{_CLOCK}|{_TIME})\][ ]<[@+ ]?(?P<person>[^<>\s]{{1,40}})>[ ](?P<message>.*)",
    )
)
_NOTICE = re.compile(rf"[\u200e\u200f]?(?:\[{_TIME}\][ ]|{_TIME}[ ][-–][ ])")
_STARTS = re.compile(r"[\u200e\u200f]?\[?\d{1,4}[./:-]\d")
_FEWEST = 2
_NAMES = ("Time", "Person", "Message")

Said = tuple[Line, re.Match[str], int]  # the last is the offset where the message ends


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if not any(_STARTS.match(line.text) for line in lines):
        return
    messages: list[Said] = []
    form: re.Pattern[str] | None = None
    for line in lines:
        match = _found(line, form)
        if match:
            form = match.re
            messages.append((line, match, line.end))
        elif messages and not line.is_blank and not _NOTICE.match(line.text):
            # A line without a time goes on with the message above.
            messages[-1] = (*messages[-1][:2], line.end)
    # What follows the last message may be no part of the chat.
    if len(messages) >= _FEWEST:
        messages[-1] = (*messages[-1][:2], messages[-1][0].end)
        rows = [_row(text, *one) for one in messages]
        if found_grid := grid("chat", _NAMES, rows, (messages[0][0].start, messages[-1][0].end)):
            yield found_grid


def _found(line: Line, form: re.Pattern[str] | None) -> re.Match[str] | None:
    if not line.text[:2].strip("\u200e\u200f[")[:1].isdigit():
        return None
    return next((match for one in ([form] if form else _FORMS) if (match := one.fullmatch(line.text))), None)


def _row(text: str, line: Line, match: re.Match[str], end: int) -> list[Cell]:
    row = [cell(text, line.start + match.start(name), line.start + match.end(name)) for name in ("time", "person")]
    start = match.start("message")
    return [*row, cell(text, line.start + start, end) if start >= 0 else None]
