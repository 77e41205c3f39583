"""The assistant without a model: it reads the tables in pasted texts."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from assistant.reading.extraction import Attached, ProposedTable, propose_from
from tables.grids import MAX_COLUMNS, MAX_GRIDS, MAX_ROWS, MAX_TEXT
from tables.types.inference import ambiguous
from tables.types.types import Column, ColumnType

_INTRODUCTION = (
    "No language model is configured, so this is the offline assistant: it only reads the tables in what you"
    " paste. Set `OPENAI_API_KEY` to talk to a model."
)
_NOTHING = """\
I found no table in your message. I read:

- rows separated by commas, semicolons or tabs, with two columns or more
- Markdown tables
- JSON arrays and objects
- blocks of `key: value` lines
- bulleted, numbered and check lists

For example:

```
Item, Price, Date
Paper, 4.20 EUR, 2025-01-31
```"""
_NEXT = "Now correct any cell, undo any change, or export the result to CSV, XLSX or Google Sheets."
_TYPES = {
    ColumnType.TEXT: "text",
    ColumnType.INTEGER: "whole number",
    ColumnType.DECIMAL: "decimal number",
    ColumnType.CURRENCY: "amount",
    ColumnType.PERCENT: "percent",
    ColumnType.BOOLEAN: "yes or no",
    ColumnType.DATE: "date",
    ColumnType.DATETIME: "date and time",
    ColumnType.SELECT: "one of a list",
    ColumnType.MULTI_SELECT: "some of a list",
    ColumnType.EMAIL: "e-mail address",
    ColumnType.URL: "link",
}
_ORDERS = {"DMY": "day, month, year", "MDY": "month, day, year", "YMD": "year, month, day"}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~])")
_LISTED_TABLES = 10
_LISTED_COLUMNS = 20
_PIECES = 60


@dataclass(frozen=True)
class Answer:
    """`text` is Markdown."""

    text: str
    tables: tuple[ProposedTable, ...]


def answer(text: str, attachments: Sequence[Attached] = ()) -> Answer:
    """Return the reply to a message and the tables found in it; at most MAX_TEXT characters are read of each."""
    tables = tuple(propose_from(text, attachments))
    parts = [_found(tables), _NEXT] if tables else [_NOTHING]
    limits = _limits(max([text, *(attached.text for attached in attachments)], key=len), tables)
    return Answer("\n\n".join([_INTRODUCTION, *parts, *limits]), tables)


async def stream(answer: Answer, delay: float = 0.01) -> AsyncIterator[str]:
    """Yield the answer's text in at most 60 pieces of whole words, `delay` seconds apart.

    Together they are the text.
    """
    words = re.findall(r"\s*\S+\s*", answer.text)
    size = max(1, -(-len(words) // _PIECES))
    for start in range(0, len(words), size):
        if start:
            await asyncio.sleep(delay)
        yield "".join(words[start : start + size])


def _found(tables: Sequence[ProposedTable]) -> str:
    opening = "I found a table:" if len(tables) == 1 else f"I found {len(tables)} tables:"
    more = len(tables) - _LISTED_TABLES
    parts = [opening, *map(_described, tables[:_LISTED_TABLES])]
    return "\n\n".join([*parts, f"… and {_count(more, 'more table')}."] if more > 0 else parts)


def _described(table: ProposedTable) -> str:
    columns = [f"{_plain(column.name)} ({_type(column)})" for column in table.columns[:_LISTED_COLUMNS]]
    more = len(table.columns) - _LISTED_COLUMNS
    listed = ", ".join(columns) + (f" and {more} more" if more > 0 else "")
    lines = [f"**{_plain(table.name)}**: {_count(len(table.rows), 'row')}", f"- Columns: {listed}"]
    lines += [_doubt(column) for column in table.columns[:_LISTED_COLUMNS] if ambiguous(column)]
    lines += [f"- Left out, because it sums up the rows above: {_code(quote)}" for quote in table.left_out]
    lines += [f"- {note}" for note in table.notes]
    return "\n".join(lines)


def _type(column: Column) -> str:
    kind = _TYPES[column.type]
    is_money = column.type is ColumnType.CURRENCY and column.format
    return f"{kind} in {column.format[:3]}" if is_money and column.format else kind


def _doubt(column: Column) -> str:
    name, written = _plain(column.name), (column.format or "").rstrip("?")
    if column.type is ColumnType.CURRENCY and not written.endswith((",", ".")):
        return f"- Please check {name}: several currencies share its sign, so I took {written.strip()}."
    if order := _ORDERS.get(written):
        return f"- Please check {name}: the text does not tell the order of its dates, so I read {order}."
    mark = "comma" if written.endswith(",") else "point"
    return f"- Please check {name}: its numbers can be read in two ways, so I took the {mark} for the decimal mark."


def _limits(text: str, tables: Sequence[ProposedTable]) -> list[str]:
    """Return a sentence for each limit that was reached."""
    limits = [
        (len(text) > MAX_TEXT, f"Only the first {MAX_TEXT:,} characters were read."),
        (len(tables) >= MAX_GRIDS, f"At most {MAX_GRIDS} tables are read from one message."),
        (
            any(len(t.rows) + len(t.left_out) >= MAX_ROWS for t in tables),
            f"At most {MAX_ROWS:,} rows are read for a table.",
        ),
        (any(len(t.columns) >= MAX_COLUMNS for t in tables), f"At most {MAX_COLUMNS} columns are read for a table."),
    ]
    sentences = [sentence for is_reached, sentence in limits if is_reached]
    return [" ".join([*sentences, "Paste the rest in another message."])] if sentences else []


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _plain(name: str) -> str:
    """Names come from the message: their characters are not markup here."""
    return _MARKDOWN.sub(r"\\\1", name)


def _code(quote: str) -> str:
    text = " ".join(quote.replace("`", "'").split())
    return f"`{text[:80]}{'…' if len(text) > 80 else ''}`"
