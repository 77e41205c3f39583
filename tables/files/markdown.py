"""Markdown files that are one table with bars at its edges, as exports write them."""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence

_RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+\s*", re.ASCII)
_CELL = re.compile(r"((?:[^|\\]|\\.|\\$)*)\|?", re.DOTALL)
_MEANT = re.compile(r"\\(?P<sign>[!-/:-@\[-`{-~])|(?P<end><br\s*/?>)|&#(?P<code>\d{1,7});", re.IGNORECASE | re.ASCII)
_BOLD = "**"

Texts = list[str | None]


def is_table(beginning: str) -> bool:
    """Return whether a text begins with the header of such a table."""
    header, _, rest = beginning.lstrip().partition("\n")
    return header.startswith("|") and _RULE.fullmatch(rest.partition("\n")[0].strip()) is not None


def table_text(names: Sequence[str | None], rows: Iterable[Sequence[str | None]]) -> str:
    """Return a table as Markdown, which readers take apart again into the same cells."""
    lines = [_line(names), f"|{' --- |' * len(names)}", *map(_line, rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str | None]) -> str:
    return f"| {' | '.join(_escaped(cell or '') for cell in cells)} |"


def _escaped(text: str) -> str:
    return "<br>".join(text.replace("|", "\\|").splitlines())


def rows(lines: Iterable[str]) -> Iterator[Texts]:
    """Yield the header, then each row; an empty cell is None."""
    for index, line in enumerate(filter(None, map(str.strip, lines))):
        if index != 1:  # the rule below the header
            yield _cells(line)


def _cells(line: str) -> Texts:
    return [_meant(match[1].strip()) or None for match in _CELL.finditer(line, 1) if match[0]]


def _meant(raw: str) -> str:
    """Return the text without the escapes of its cell; emphasis around all of it is not content."""
    if len(raw) > 2 * len(_BOLD) and raw.startswith(_BOLD) and raw.endswith(_BOLD):
        raw = raw.removeprefix(_BOLD).removesuffix(_BOLD)
    return _MEANT.sub(_one, raw)


def _one(match: re.Match[str]) -> str:
    if match["end"]:
        return "\n"
    return match["sign"] or chr(min(int(match["code"]), sys.maxunicode))
