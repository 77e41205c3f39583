"""Bulleted, numbered and check lists; an item may hold several fields."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from tables.readers.captions import caption, index_above
from tables.readers.fields import split
from tables.readers.marks import RULE, checked
from tables.readers.marks import item as item_mark
from tables.readers.parts import have_parts
from tables.readers.spans import MAX_ROWS, Cell, Grid, Line, Span, cell, grid, split_lines

_MOST_LISTS = 2_000  # in one block of lines; each is looked at for its name


@dataclass(frozen=True, slots=True)
class _Item:
    indent: int
    mark: str  # what all items of a list share
    number: int | None
    box: Span | None
    start: int
    end: int
    line: int
    after: int  # index of the line below


@dataclass(frozen=True, slots=True)
class _Section:
    name: Span | None
    name_line: int
    items: list[_Item]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    """Check lists under headings of their own, one after the other, are sections of one table."""
    sections: list[_Section] = []
    for items in islice(_lists(lines), _MOST_LISTS):
        section = _section(text, lines, items)
        if sections and not _follows(lines, sections[-1], section):
            yield from _tables(text, lines, sections)
            sections = []
        sections.append(section)
    yield from _tables(text, lines, sections)


def unescape(raw: str) -> str:
    """Join wrapped lines with a blank; a nested item stays on a line of its own."""
    first, *rest = (line.text.strip() for line in split_lines(raw))
    return first + "".join(("\n" if item_mark(line) else " ") + line for line in rest)


def _lists(lines: Sequence[Line]) -> Iterator[list[_Item]]:
    i = 0
    while i < len(lines):
        item = _item(lines, i)
        if item is None or _is_heading(lines, item):
            i += 1
            continue
        items = [item]
        while (following := _next(lines, items[-1])) and not _is_heading(lines, following):
            items.append(following)
        i = items[-1].after
        if len(items) > 1 or item.box:
            yield items


def _item(lines: Sequence[Line], i: int) -> _Item | None:
    """Return the item that starts at line `i`, with the indented lines below that belong to it."""
    item = item_mark(lines[i].text) if i < len(lines) else None
    if item is None or RULE.fullmatch(lines[i].text):
        return None
    at, after = lines[i].start, i + 1
    group = "box" if item["box"] else "tick"
    box = Span(checked(item[group]), at + item.start(group), at + item.end(group)) if item[group] else None
    indent = _indent(lines[i])
    while after < len(lines) and _is_inside(lines[after], indent) and not (box and item_mark(lines[after].text)):
        after += 1
    mark = item["bullet"] or item["stop"] or item["tick"]
    number = int(item["number"]) if item["number"] else None
    return _Item(indent, mark, number, box, at + item.end(), lines[after - 1].end, i, after)


def _indent(line: Line) -> int:
    lead = line.text[: len(line.text) - len(line.text.lstrip())]
    return len(lead.expandtabs(4)) if "\t" in lead else len(lead)


def _is_inside(line: Line, indent: int) -> bool:
    return not line.is_blank and _indent(line) >= indent + 2


def _next(lines: Sequence[Line], item: _Item) -> _Item | None:
    """Return the next item of the same list, over one blank line at most; nested check boxes are items too."""
    i = item.after
    if i < len(lines) and lines[i].is_blank:
        i += 1
    following = _item(lines, i)
    if following is None or (following.box is None) != (item.box is None):
        return None
    if item.box:
        return following
    if (following.indent, following.mark) != (item.indent, item.mark):
        return None
    counts = item.number is None or following.number in (item.number + 1, item.number)
    return following if counts else None


def _is_heading(lines: Sequence[Line], item: _Item) -> bool:
    """`- Roof` over indented check boxes names them."""
    if item.box or item.line + 1 == len(lines):
        return False
    below = lines[item.line + 1]
    mark = item_mark(below.text)
    return bool(mark and (mark["box"] or mark["tick"])) and _indent(below) > item.indent


def _section(text: str, lines: Sequence[Line], items: list[_Item]) -> _Section:
    first = items[0].line
    name = (caption(text, lines, first) or _parent(text, lines, first)) if items[0].box else None
    above = index_above(lines, first) if name else None
    return _Section(name, first if above is None else above, items)


def _parent(text: str, lines: Sequence[Line], first: int) -> Span | None:
    above = _item(lines, first - 1) if first else None
    return cell(text, above.start, lines[above.line].end) if above and above.box is None else None


def _follows(lines: Sequence[Line], above: _Section, below: _Section) -> bool:
    """Both are named, and nothing but blank lines stands between."""
    between = lines[above.items[-1].after : below.name_line]
    return above.name is not None and below.name is not None and all(line.is_blank for line in between)


def _tables(text: str, lines: Sequence[Line], sections: Sequence[_Section]) -> Iterator[Grid]:
    parts = [(section.name, item) for section in sections for item in section.items]
    filled = [(part, item, whole) for part, item in parts[:MAX_ROWS] if (whole := _whole(text, item))]
    if len(filled) < 2:
        return
    header, rows = split(text, [whole for *_, whole in filled], unescape)
    has_boxes = filled[0][1].box is not None
    if not has_boxes and not have_parts(header, rows, [whole for *_, whole in filled]):
        return
    if has_boxes:
        header.append("Done")
        rows = [[*row, item.box] for row, (_, item, _) in zip(rows, filled, strict=True)]
    start, name = parts[0][1].line, None
    if len(sections) > 1:
        start = sections[0].name_line
        name = caption(text, lines, start)
        header.insert(0, "Section")
        rows = [[part, *row] for row, (part, *_) in zip(rows, filled, strict=True)]
    extent = (lines[start].start, parts[-1][1].end)
    if result := grid("list", header, rows, extent, name.text if name else None):
        yield result


def _whole(text: str, item: _Item) -> Cell:
    return cell(text, item.start, item.end, unescape)
