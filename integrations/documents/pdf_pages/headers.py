"""Names of the columns of a table without lines: one or several lines above its rows."""

import re
from collections.abc import Sequence
from itertools import pairwise

from integrations.documents.pdf_pages.captions import CAPTION, PROSE_WORDS
from integrations.documents.pdf_pages.columns import Columns, is_data
from integrations.documents.pdf_pages.glyphs import Rule
from integrations.documents.pdf_pages.spans import tiles
from integrations.documents.pdf_pages.words import Segment, TextLine

_BRACKETED = re.compile(r"[(\[][^()\[\]]*[)\]]")
_TITLE = 1.25  # times the size of the names below it
_DEEPEST = 8  # lines of a header


def header_lines(page: Sequence[TextLine], first: int, columns: Columns, rules: Sequence[Rule]) -> list[TextLine]:
    """Return the lines above the first row that name the columns, from top to bottom."""
    left, right = columns.extents[0][0], columns.extents[-1][1]
    wide = [rule.top for rule in rules if rule.is_horizontal and rule.x1 - rule.x0 > 0.7 * (right - left)]
    lines_above: list[TextLine] = []
    below = page[first]
    for line in reversed(page[max(0, first - _DEEPEST) : first]):
        gap = below.top - line.bottom
        if (
            gap > (2.2 if not lines_above else 1.2) * line.size
            or CAPTION.match(line.text)
            or (is_data(line) and lines_above)
        ):
            break
        segments = line.segments()
        if lines_above and len(segments) == 1 and line.size > _TITLE * below.size:
            break  # a title over the table
        has_rule = any(line.bottom - 3 < y < below.top + 3 for y in wide)
        if lines_above and has_rule and not (len(segments) > 1 or segments[0].x0 > columns.edges[0]):
            break
        if len(segments) == 1 and not _is_over_columns(segments[0], columns, bool(lines_above)):
            break
        is_wider = segments[0].x0 < left - 40 or segments[-1].x1 > right + 60
        if is_wider and len(segments) < len(columns.extents):
            break
        lines_above.insert(0, line)
        below = line
    while lines_above and len(lines_above) > 1 and _BRACKETED.fullmatch(lines_above[0].text):
        lines_above.pop(0)  # `(per cent)` above the table
    while (
        lines_above
        and len(lines_above[0].segments()) == 1
        and not _is_over_columns(lines_above[0].segments()[0], columns, False)
    ):
        lines_above.pop(0)
    return lines_above


def _is_over_columns(segment: Segment, columns: Columns, is_upper: bool) -> bool:
    """Return whether the only segment of a line stands over columns of values, or is a short name by itself."""
    if segment.x0 > columns.edges[0]:
        return len(segment.words) < PROSE_WORDS or not segment.text.endswith((".", ";"))
    return is_upper and segment.x1 < columns.edges[0] and len(segment.words) < 5


def column_names(header: Sequence[TextLine], columns: Columns, rules: Sequence[Rule]) -> list[str | None]:
    """Return a name for each column, joined from the header's lines from top to bottom."""
    stacks = _stacks(header)
    if len(stacks) == len(columns.extents) and _are_wrapped(header, stacks):
        return [" ".join(segment.text for segment in stack) for stack in stacks]
    parts: list[list[str]] = [[] for _ in columns.extents]
    for number, line in enumerate(header):
        segments = [part for segment in line.segments() for part in _cut(segment, columns)]
        spans = _spans(segments, columns, rules, line, has_names_below=number < len(header) - 1)
        for segment, span in zip(segments, spans, strict=True):
            for column in span:
                parts[column].append(segment.text)
    return [" ".join(part) or None for part in parts]


def _stacks(header: Sequence[TextLine]) -> list[list[Segment]]:
    """Return the segments of a header that stand below each other, from left to right."""
    stacks: list[list[Segment]] = []
    end = 0.0
    for segment in sorted((segment for line in header for segment in line.segments()), key=lambda each: each.x0):
        if stacks and segment.x0 < end:
            stacks[-1].append(segment)
        else:
            stacks.append([segment])
            end = segment.x1
        end = max(end, segment.x1)
    return [sorted(stack, key=lambda each: (each.words[0].top, each.x0)) for stack in stacks]


def _are_wrapped(header: Sequence[TextLine], stacks: Sequence[Sequence[Segment]]) -> bool:
    """Return whether stacks are names of several lines, and none is a group of columns over its middle one."""
    if any(a.bottom - b.top > 0.2 * a.size for a, b in pairwise(header)):
        return True  # each around one height
    if len(header) > 1 and len(header[0].segments()) == len(stacks):
        return True  # each from one height on
    return all(_spread([each.x0 for each in stack]) < 1.5 or _spread([each.x1 for each in stack]) < 1.5
               for stack in stacks)  # fmt: skip


def _spread(positions: Sequence[float]) -> float:
    return max(positions) - min(positions)


def _cut(segment: Segment, columns: Columns) -> list[Segment]:
    """Cut a segment where there is more than a space over the edge between two columns."""
    if _is_name_each(segment, columns):
        return [Segment((word,)) for word in segment.words]
    parts = [[segment.words[0]]]
    spaces = [b.x0 - a.x1 for a, b in pairwise(segment.words)]
    usual = min(spaces, default=0.0)
    for before, word in pairwise(segment.words):
        gap = word.x0 - before.x1
        is_over_edge = any(before.middle < edge < word.middle for edge in columns.edges)
        if is_over_edge and gap > max(0.4 * word.size, 1.4 * usual):
            parts.append([word])
        else:
            parts[-1].append(word)
    return [Segment(tuple(part)) for part in parts]


def _is_name_each(segment: Segment, columns: Columns) -> bool:
    """Return whether each word stands over a column of its own, at its edges or middle."""
    over = [columns.column_of(word.middle) for word in segment.words]
    if len(over) < 2 or len(set(over)) < len(over):
        return False
    extents = [columns.extents[n] for n in over]
    return all(
        min(abs(word.x0 - left), abs(word.x1 - right), abs(word.middle - (left + right) / 2)) <= 0.3 * word.size
        for word, (left, right) in zip(segment.words, extents, strict=True)
    )


def _spans(
    segments: Sequence[Segment], columns: Columns, rules: Sequence[Rule], line: TextLine, *, has_names_below: bool
) -> list[list[int]]:
    """Return the columns over which each segment of a header's line stands."""
    middles = [(a + b) / 2 for a, b in columns.extents]
    result = [columns.overlapped(segment.x0, segment.x1) for segment in segments]
    if not has_names_below:
        return [
            span if len(span) == 1 else _nearest(segment, columns, span)
            for segment, span in zip(segments, result, strict=True)
        ]
    is_drawn = False
    for n, segment in enumerate(segments):
        width = columns.extents[-1][1] - columns.extents[0][0]
        under = [rule for rule in rules if rule.is_horizontal and -2 < rule.top - line.bottom < 1.2 * line.size
                 and rule.x0 - 2 < segment.middle < rule.x1 + 2 and rule.x1 - rule.x0 < 0.8 * width
                 and sum(rule.x0 < other.middle < rule.x1 for other in segments) < 2]  # fmt: skip
        if under:
            rule = min(under, key=lambda rule: rule.top)
            covered = [c for c, middle in enumerate(middles) if rule.x0 - 3 < middle < rule.x1 + 3]
            result[n] = covered or result[n]
            is_drawn = is_drawn or len(covered) > 1
    groups = _groups(segments, columns)
    if groups and not is_drawn and all(set(span) <= set(group) for span, group in zip(result, groups, strict=True)):
        return groups
    return result


def _nearest(segment: Segment, columns: Columns, span: Sequence[int]) -> list[int]:
    """Return the one column that a name in the lowest line belongs to, or all when it is over several evenly."""
    shares = {n: min(columns.extents[n][1], segment.x1) - max(columns.extents[n][0], segment.x0) for n in span}
    best = max(span, key=lambda n: shares[n])
    middle = (columns.extents[span[0]][0] + columns.extents[span[-1]][1]) / 2
    is_even = abs(middle - segment.middle) < 0.15 * (columns.extents[span[-1]][1] - columns.extents[span[0]][0])
    return list(span) if is_even and len(span) > 2 else [best]


def _groups(segments: Sequence[Segment], columns: Columns) -> list[list[int]] | None:
    """Return the columns around the middle of each segment when all are the middles of theirs."""
    skip = 1 if segments[0].x0 > columns.edges[0] else 0
    if skip == 0 and segments[0].x1 <= columns.edges[0] + 2:
        rest = _groups(segments[1:], columns) if len(segments) > 1 else []
        return None if rest is None else [[0], *rest]
    lefts, rights = [a for a, _ in columns.extents[skip:]], [b for _, b in columns.extents[skip:]]
    result = tiles([segment.middle for segment in segments], lefts, rights)
    if result is None:
        return None
    return [[column + skip for column in span] for span in result]
