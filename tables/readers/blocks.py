"""Stretches of lines that may hold tables: between fences, without code, without what is already read."""

import re
from collections.abc import Iterable, Iterator, Sequence

from tables.readers.spans import Grid, Line

Block = list[Line]

_FENCE = re.compile(r"\s*(?P<mark>`{3,}|~{3,})\s*(?P<language>[\w+-]*)[^`]*")
_REPLY = re.compile(r"(?:> ?){1,2}(?!>)")
_READABLE = frozenset(
    {"", "csv", "tsv", "psv", "table", "json", "jsonl", "ndjson", "json5", "md", "markdown"}
    | {"text", "txt", "plain", "plaintext", "yaml", "yml", "log", "output"}
)


def unquoted(line: Line) -> Line:
    """Without the `> ` of a quoted mail; `>>>` is a prompt."""
    found = _REPLY.match(line.text) if line.text.startswith(">") else None
    return Line(line.text[found.end() :], line.start + found.end()) if found else line


def readable(lines: Sequence[Line]) -> Iterator[Block]:
    """Prose and the content of fences, apart; fenced code in a programming language is left out."""
    block: Block = []
    fence, skips = "", False
    for line in lines:
        found = _FENCE.fullmatch(line.text) if "```" in line.text or "~~~" in line.text else None
        is_closing = bool(fence and found and found["mark"].startswith(fence) and not found["language"])
        if found and (is_closing or not fence):
            if block and not skips:
                yield block
            block = []
            fence, skips = ("", False) if is_closing else (found["mark"], not _is_readable(found))
        else:
            block.append(line)
    if block and not skips:
        yield block


def _is_readable(fence: re.Match[str]) -> bool:
    return fence["language"].lower() in _READABLE


def remaining(block: Block, grids: Iterable[Grid]) -> Iterator[Block]:
    """What the grids, in text order, leave of a block."""
    rest: Block = []
    taken = iter(grids)
    grid = next(taken, None)
    for line in block:
        while grid and grid.end < line.start:
            grid = next(taken, None)
        if grid and grid.start <= line.end:
            if rest:
                yield rest
            rest = []
        else:
            rest.append(line)
    if rest:
        yield rest
