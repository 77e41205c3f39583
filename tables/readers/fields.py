"""The fields of a list's items: separators that every item has, labels that every item repeats."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tables.readers.evidence import is_value
from tables.readers.spans import MAX_COLUMNS, Cell, Span, cell

# In the order of their strength.
_SEPARATOR = re.compile(
    r"(?P<tab>\t)|(?P<pipe> \| )|(?P<dash> [-–—] )|(?P<colon>:(?:\*\*)?[ ]|(?<=\*\*):[ ]|："
    r"|(?<=[\u3400-\u9fff]):(?!//))|(?P<semicolon>; )|(?P<comma>, |，)"
)
_KINDS = tuple(_SEPARATOR.groupindex)
_WORD = re.compile(r"[^\W\d_]+[ :]+")
_REMARK = re.compile(r"(?<![ \t])[ \t]+\((?P<inside>[^()\n]{1,80})\)[.;,]?\Z")
_LONGEST_CLAUSE, _SHORT_FIELD = 80, 40


class _Cut(NamedTuple):
    kind: str
    start: int
    end: int


def split(
    text: str, items: Sequence[Span], unescape: Callable[[str], str]
) -> tuple[list[Span | str | None], list[list[Cell]]]:
    """Return the header and the rows; one column when the items have no separator in common.

    What every item has in brackets at its end is a column of its own: `Kitchen: leak (by 12 May)`.
    """
    remarks = [_REMARK.search(text, item.start, item.end) for item in items]
    if len(items) > 1 and all(remarks):
        return _with_remarks(text, items, [remark for remark in remarks if remark], unescape)
    return _split(text, items, unescape)


def _with_remarks(
    text: str, items: Sequence[Span], remarks: Sequence[re.Match[str]], unescape: Callable[[str], str]
) -> tuple[list[Span | str | None], list[list[Cell]]]:
    before = [cell(text, item.start, remark.start(), unescape) for item, remark in zip(items, remarks, strict=True)]
    named = [item for item in before if item]
    if len(named) < len(items):
        return _split(text, items, unescape)
    header, rows = _split(text, named, unescape)
    word, column = _worded(text, [cell(text, *remark.span("inside"), unescape) for remark in remarks])
    return [*header, word], [[*row, remark] for row, remark in zip(rows, column, strict=True)]


def _split(
    text: str, items: Sequence[Span], unescape: Callable[[str], str]
) -> tuple[list[Span | str | None], list[list[Cell]]]:
    cuts = _common([_cuts(text, item) for item in items], text, items)
    kinds = [cut.kind for cut in cuts[0]] if cuts else []
    rows = [_pieces(text, item, chosen, unescape) for item, chosen in zip(items, cuts, strict=True)]
    header: list[Span | str | None] = []
    columns: list[list[Cell]] = []
    label: Cell = None
    for i, column in enumerate(zip(*rows, strict=True)):
        if label is None and i < len(kinds) and kinds[i] == "colon" and _is_label(column):
            label = column[0]
            continue
        word, cells = (label, list(column)) if label else _worded(text, column)
        header.append(word)
        columns.append(cells)
        label = None
    return _titled(header), [list(row) for row in zip(*columns, strict=True)]


def _titled(header: list[Span | str | None]) -> list[Span | str | None]:
    """Name the only column without a name "Item"."""
    return [name or "Item" for name in header] if header.count(None) == 1 else header


def _cuts(text: str, item: Span) -> list[_Cut]:
    match = _SEPARATOR.finditer(text, item.start, item.end)
    return [_Cut(str(cut.lastgroup), cut.start(), cut.end()) for cut in match]


def _common(cuts: list[list[_Cut]], text: str, items: Sequence[Span]) -> list[list[_Cut]]:
    """Return for each item the first n separators of each kind that every item has n of, in one order for all."""
    cuts = _without_commas_in_names(cuts)
    counts = [[sum(cut.kind == kind for cut in item) for item in cuts] for kind in _KINDS]
    shared = {kind: min(count) for kind, count in zip(_KINDS, counts, strict=True) if min(count)}
    if "comma" in shared and not _are_commas_separators(cuts, len(shared) > 1, text, items):
        del shared["comma"]
    chosen = [_first(item, shared) for item in cuts]
    if len({tuple(cut.kind for cut in item) for item in chosen}) > 1:
        strongest = next(iter(shared))
        chosen = [_first(item, {strongest: shared[strongest]}) for item in cuts]
    return chosen


def _first(item: Sequence[_Cut], shared: dict[str, int]) -> list[_Cut]:
    left = dict(shared)
    chosen: list[_Cut] = []
    for cut in item:
        if left.get(cut.kind, 0) > 0 and len(chosen) < MAX_COLUMNS:
            left[cut.kind] -= 1
            chosen.append(cut)
    return chosen


def _without_commas_in_names(cuts: list[list[_Cut]]) -> list[list[_Cut]]:
    """`M8 bolt, 40 mm: 220 pcs, bin A3`: where every item is named before a colon, what stands there is one field."""
    colons = [next((n for n, cut in enumerate(item) if cut.kind == "colon"), None) for item in cuts]
    if any(colon is None for colon in colons):
        return cuts
    return [
        [cut for n, cut in enumerate(item) if colon is None or n >= colon or cut.kind != "comma"]
        for item, colon in zip(cuts, colons, strict=True)
    ]


def _are_commas_separators(cuts: list[list[_Cut]], has_others: bool, text: str, items: Sequence[Span]) -> bool:
    """Return True when every item has as many commas, and they part fields.

    Beside other separators, or in sentences, only those before values or between short fields do.
    """
    commas = [sum(cut.kind == "comma" for cut in item) for item in cuts]
    if len(set(commas)) > 1:
        return False
    if not has_others and all(len(item.text) <= _LONGEST_CLAUSE for item in items):
        return True
    return _stand_before_values(cuts, text, items) or _part_short_fields(cuts, text, items)


def _fields(cuts: Sequence[_Cut], text: str, item: Span) -> list[tuple[str, str]]:
    """Return the text behind each separator, with the kind of the separator."""
    ends = [*(cut.start for cut in cuts[1:]), item.end]
    return [(cut.kind, text[cut.end : end].rstrip(". ")) for cut, end in zip(cuts, ends, strict=True)]


def _stand_before_values(cuts: list[list[_Cut]], text: str, items: Sequence[Span]) -> bool:
    fields = (_fields(item_cuts, text, item) for item_cuts, item in zip(cuts, items, strict=True))
    return all(is_value(content) for row in fields for kind, content in row if kind == "comma")


def _part_short_fields(cuts: list[list[_Cut]], text: str, items: Sequence[Span]) -> bool:
    """Items that are alike: the same separators in the same order, short fields, values in one place of all."""
    if len(items) < 3 or len({tuple(cut.kind for cut in item_cuts) for item_cuts in cuts}) > 1:
        return False
    columns = zip(*(_fields(item_cuts, text, item) for item_cuts, item in zip(cuts, items, strict=True)), strict=True)
    contents = [[content for _, content in column] for column in columns]
    short = all(len(content) <= _SHORT_FIELD for column in contents for content in column)
    return short and any(all(map(is_value, column)) for column in contents)


def _pieces(text: str, item: Span, cuts: Sequence[_Cut], unescape: Callable[[str], str]) -> list[Cell]:
    starts = [item.start, *(cut.end for cut in cuts)]
    ends = [*(cut.start for cut in cuts), item.end]
    return [_bare(text, cell(text, a, b, unescape), unescape) for a, b in zip(starts, ends, strict=True)]


def _bare(text: str, piece: Cell, unescape: Callable[[str], str]) -> Cell:
    """Without the emphasis that a cut left open or that wraps it, and without the full stop after a value."""
    if piece is None:
        return None
    raw = text[piece.start : piece.end]
    opens, closes, marks = raw.startswith("**"), raw.endswith("**"), raw.count("**")
    wraps = marks == 2 and opens and closes
    start = piece.start + (2 if opens and (wraps or marks == 1) else 0)
    end = piece.end - (2 if closes and (wraps or marks == 1) and len(raw) > 2 else 0)
    if raw.endswith((".", ";", ",")) and is_value(text[start : end - 1]):
        end -= 1
    return cell(text, start, end, unescape)


def _is_label(column: Sequence[Cell]) -> bool:
    """`Owner: Anna`, `Owner: Bob`: the same word in every item names what follows."""
    names = {label.text for label in column if label}
    return len(column) > 1 and len(names) == 1 and all(column)


def _worded(text: str, column: Sequence[Cell]) -> tuple[Cell, list[Cell]]:
    """`due 12 May`, `due 3 June`: a word that every cell starts with, before a value, names the column."""
    words = [_WORD.match(match.text) if match else None for match in column]
    same = {word[0] if word else None for word in words}
    word = words[0]
    whole = [(match.start, match.end) for match in column if match]
    if len(column) < 2 or len(same) > 1 or word is None:
        return None, list(column)
    rests = [cell(text, start + word.end(), end) for start, end in whole]
    if not all(rest and is_value(rest.text) for rest in rests):
        return None, list(column)
    start = whole[0][0]
    return cell(text, start, start + len(word[0].rstrip(" :"))), rests
