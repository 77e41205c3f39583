"""Contacts and events: the cards of vCard and the components of iCalendar, a row for each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, Span, grid

_BEGIN = re.compile(r"BEGIN:(?P<kind>VCARD|VEVENT|VTODO|VJOURNAL)[ \t]*", re.IGNORECASE)
_PROPERTY = re.compile(
    r"(?:[\w-]+\.)?(?P<name>[A-Za-z][\w-]*)(?P<parameters>(?:;(?:\"[^\"]*\"|[^:\"])*)?):(?P<value>.*)"
)
# They describe the card and the program that wrote it, not what the card is about.
_SKIPPED = frozenset(["version", "prodid", "begin", "end", "rev", "calscale", "method", "n", "photo", "x-ablabel"])
_STRUCTURED = frozenset(["adr", "org"])
_ESCAPE = re.compile(r"\\([nN,;:\\])")
_FOLD = re.compile(r"\r?\n[ \t]")


@dataclass(slots=True)
class _Card:
    kind: str
    start: int
    end: int = 0
    cells: dict[str, Span] = field(default_factory=dict)


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    run: list[_Card] = []
    for card in _cards(text, lines):
        if run and card.kind != run[0].kind:
            yield from _table(run)
            run = []
        run.append(card)
    yield from _table(run)


def unescape(raw: str) -> str:
    """Return a value without its folds and escapes."""
    plain = _FOLD.sub("", raw)
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], plain)


def _cards(text: str, lines: Sequence[Line]) -> Iterator[_Card]:
    card: _Card | None = None
    depth = i = 0
    while i < len(lines):
        line = lines[i]
        end = i + 1
        if card is None:
            match = _BEGIN.fullmatch(line.text) if line.text[:1] in "Bb" else None
            card = _Card(match["kind"].upper(), line.start) if match else None
        else:
            while end < len(lines) and lines[end].text[:1] in (" ", "\t") and not lines[end].is_blank:
                end += 1
            name = line.text.partition(":")[0].upper()
            if name == "END" and not depth:
                card.end = line.end
                yield card
                card = None
            elif name in ("BEGIN", "END"):
                depth += 1 if name == "BEGIN" else -1  # an alarm within an event is no row
            elif not depth:
                _put(text, card, line, lines[end - 1].end)
        i = end


def _put(text: str, card: _Card, line: Line, end: int) -> None:
    match = _PROPERTY.match(line.text)
    name = match["name"] if match else ""
    if match is None or name.casefold() in _SKIPPED:
        return
    start = line.start + match.start("value")
    raw = text[start:end]
    if not raw.strip():
        return
    content = unescape(raw).strip()
    if name.casefold() in _STRUCTURED:
        content = ", ".join(part.strip() for part in content.split(";") if part.strip())
    if name.casefold() == "tel":
        content = content.removeprefix("tel:")
    if name.casefold() in ("attendee", "organizer") and content.casefold().startswith("mailto:"):
        content, start = content[7:], start + 7
    column, count = name, 2
    while column in card.cells:
        column, count = f"{name} {count}", count + 1
    if content and len(card.cells) < MAX_COLUMNS:
        card.cells[column] = Span(content, start, start + len(text[start:end].rstrip()))


def _table(run: Sequence[_Card]) -> Iterator[Grid]:
    names = list(dict.fromkeys(name for card in run for name in card.cells))[:MAX_COLUMNS]
    rows: list[list[Cell]] = [[card.cells.get(name) for name in names] for card in run[:MAX_ROWS]]
    if run and (result := grid("component", names, rows, (run[0].start, run[-1].end))):
        yield result
