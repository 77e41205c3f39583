"""Blocks of lines that may contain tables: outside fences and code, and not read before."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from tables.readers.spans import Grid, Line

Block = list[Line]

_FENCE = re.compile(r"\s*(?P<mark>`{3,}|~{3,})\s*(?P<language>[\w+-]*)[^`]*")
_THOUGHT = re.compile(r"^\s*<(think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
_BLANKS_APART = 3
_FEWEST_SPREAD, _MOST_SPREAD = 3, 20_000
_REPLY = re.compile(r"(?!>>> )(?:> ?){1,9}(?!>)")
_READABLE = frozenset(
    {"", "csv", "tsv", "psv", "table", "json", "jsonl", "ndjson", "json5", "md", "markdown"}
    | {"text", "txt", "plain", "plaintext", "yaml", "yml", "log", "output", "html", "xml", "latex", "tex", "wiki"}
    | {
        "ics",
        "vcf",
        "vcard",
        "console",
        "sql",
        "r",
        "mediawiki",
        "jira",
        "bibtex",
        "bib",
        "geojson",
        "javascript",
        "js",
    }
)


def unquoted(line: Line) -> Line:
    """Without the `> ` of a quoted mail; `>>>` is a prompt."""
    match = _REPLY.match(line.text) if line.text.startswith(">") else None
    return Line(line.text[match.end() :], line.start + match.end()) if match else line


def without_thoughts(lines: Sequence[Line]) -> Iterator[Block]:
    """Yield the lines outside `<think>` and `</think>`, in blocks; a model's thoughts are no part of its answer."""
    block: Block = []
    closing = ""
    for line in lines:
        match = _THOUGHT.search(line.text) if "<" in line.text else None
        if closing:
            closing = "" if closing in line.text.lower() else closing
        elif match:
            if block:
                yield block
            block = []
            closing = f"</{match[1].lower()}>"
            if closing in line.text.lower():
                closing = ""
        else:
            block.append(line)
    if block:
        yield block


def readable(lines: Sequence[Line]) -> Iterator[Block]:
    """Yield prose and the content of fences, apart; thoughts and code in a programming language are left out."""
    for block in without_thoughts(lines):
        for fenced in _unfenced(block):
            yield from _apart(fenced)


def _spread(block: Block) -> bool:
    """Return True for rows with an empty line behind each, as mails and pages give them back."""
    filled = [n for n, line in enumerate(block) if not line.is_blank]
    if len(filled) < _FEWEST_SPREAD or any(b - a != 2 for a, b in pairwise(filled)):
        return False
    return any(all(mark in block[n].text for n in filled) for mark in ",;\t|")


def _apart(block: Block) -> Iterator[Block]:
    """Yield what three empty lines or more keep apart, without those lines: no table goes on over them."""
    if len(block) < _MOST_SPREAD and _spread(block):
        yield [line for line in block if not line.is_blank]
        return
    part: Block = []
    blanks = 0
    for line in block:
        blanks = blanks + 1 if line.is_blank else 0
        if blanks < _BLANKS_APART:
            part.append(line)
        elif len(part) > blanks:
            yield part[: 1 - blanks]
            part = []
        else:
            part = []
    if not all(line.is_blank for line in part[:_BLANKS_APART]) or len(part) >= _BLANKS_APART:
        yield part


def _unfenced(lines: Sequence[Line]) -> Iterator[Block]:
    block: Block = []
    fence, skips = "", False
    for line in lines:
        match = _FENCE.fullmatch(line.text) if "```" in line.text or "~~~" in line.text else None
        is_closing = bool(fence and match and match["mark"].startswith(fence) and not match["language"])
        if match and (is_closing or not fence):
            if block and not skips:
                yield block
            block = []
            fence, skips = ("", False) if is_closing else (match["mark"], not _is_readable(match))
        else:
            block.append(line)
    if block and not skips:
        yield block


def _is_readable(fence: re.Match[str]) -> bool:
    return fence["language"].lower() in _READABLE


def until(blocks: Iterable[Block], end: int) -> list[Block]:
    """Return the lines that begin before an offset."""
    cut = ([line for line in block if line.start < end] for block in blocks)
    return [block for block in cut if block]


def remaining(block: Block, grids: Iterable[Grid]) -> Iterator[Block]:
    """Yield the lines of a block that the grids, in text order, leave over."""
    rest: Block = []
    pending = iter(grids)
    grid = next(pending, None)
    for line in block:
        while grid and grid.end < line.start:
            grid = next(pending, None)
        if grid and grid.start <= line.end:
            if rest:
                yield rest
            rest = []
        else:
            rest.append(line)
    if rest:
        yield rest
