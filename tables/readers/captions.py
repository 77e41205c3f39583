"""The name of a table: a heading, a bold line or a short line right above it."""

from collections.abc import Sequence

from tables.readers.evidence import is_value
from tables.readers.marks import HEADING, ITEM, NUMBERED_RULE, RULE
from tables.readers.spans import Line, Span, cell

_MOST_WORDS = 6
_COLONS = (":", "：")


def index_above(lines: Sequence[Line], i: int) -> int | None:
    """Return the line above line `i`, one blank line skipped; None when there is none."""
    above = i - 1
    if above >= 0 and lines[above].text.lstrip().startswith(("```", "~~~")):
        above -= 1
    if above >= 0 and lines[above].is_blank:
        above -= 1
    return above if above >= 0 and not lines[above].is_blank else None


def caption(text: str, lines: Sequence[Line], i: int) -> Span | None:
    """Return the name of the table that starts at line `i`."""
    above = index_above(lines, i)
    if above is None or any(rule.fullmatch(lines[above].text) for rule in (RULE, NUMBERED_RULE)):
        return None
    line = lines[above]
    heading = HEADING.match(line.text)
    value = cell(text, line.start + (heading.end() if heading else 0), line.end)
    if value is None:
        return None
    plain = _plain(text, value)
    is_marked = heading is not None or (plain.text != value.text and value.text.startswith(("**", "__")))
    if is_marked:
        return plain
    return plain if _is_title(lines, above, i, value.text) else None


def _is_title(lines: Sequence[Line], above: int, i: int, content: str) -> bool:
    """Return True for a few words that end in a colon, or stand between a blank line and the table."""
    words = content.rstrip("".join(_COLONS))
    if len(content) > 60 or len(words.split()) > _MOST_WORDS or ITEM.match(content) or is_value(words):
        return False
    if any(mark in words for mark in ".,;!?。，") or not any(c.isalpha() for c in words):
        return False
    starts_block = above == 0 or lines[above - 1].is_blank
    return content.endswith(_COLONS) or (starts_block and above == i - 1)


def _plain(text: str, result: Span) -> Span:
    """Without closing marks, emphasis and a final colon."""
    start, end = result.start, result.end
    while end - start > 1 and text[end - 1] in "#:： \t*_" and not text[start:end].endswith("\\#"):
        end -= 1
    while end - start > 1 and text[start] in "*_":
        start += 1
    return cell(text, start, end) or result
