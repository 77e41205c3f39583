"""Tables whose cells are drawn: between horizontal and vertical lines."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from integrations.documents.pdf_pages.directions import words_text
from integrations.documents.pdf_pages.glyphs import Rule
from integrations.documents.pdf_pages.page_tables import PageTable, from_rows
from integrations.documents.pdf_pages.spans import tiles
from integrations.documents.pdf_pages.words import TextLine, Word, lines_of
from tables.files.cell_kinds import ABOVE, LEFT, CellKind, kind_of

_SNAP = 4.5  # points between lines that are one: double lines are 3 apart
_MAX_LINES = 400  # of one direction in a table
_COVERED = 0.6  # part of a cell's side that has to be drawn


@dataclass
class _Drawing:
    """Lines that touch each other."""

    horizontal: list[Rule] = field(default_factory=list)
    vertical: list[Rule] = field(default_factory=list)


def ruled_tables(words: Sequence[Word], turned: Sequence[Word], rules: Sequence[Rule]) -> Iterator[PageTable]:
    """Yield the tables of a page that are drawn as a grid."""
    for drawing in _drawings(rules):
        if len(drawing.vertical) < 2 or len(drawing.horizontal) < 2:
            continue
        grid = _Grid(drawing)
        if grid.columns < 2 or grid.rows < 2 or grid.columns > 100:
            continue
        yield from grid.tables(words, turned)


def join_rules(rules: Iterable[Rule]) -> tuple[list[Rule], list[Rule]]:
    """Return horizontal and vertical lines, parts of one line joined."""
    across: list[Rule] = []
    down: list[Rule] = []
    for rule in rules:
        (across if rule.is_horizontal else down).append(rule)
    return _joined(across), [_turned(rule) for rule in _joined(map(_turned, down))]


def _turned(rule: Rule) -> Rule:
    """Return a line with its directions exchanged."""
    return Rule(rule.top, rule.x0, rule.bottom, rule.x1)


def _joined(rules: Iterable[Rule]) -> list[Rule]:
    """Return horizontal lines: those at one height are one where they touch; short ones are left out."""
    rows: list[list[Rule]] = []
    for rule in sorted(rules, key=lambda rule: rule.top):
        if not rows or rule.top - rows[-1][0].top > _SNAP:
            rows.append([])
        top = rows[-1][0].top if rows[-1] else rule.top
        rows[-1].append(Rule(rule.x0, top, rule.x1, top))
    joined: list[Rule] = []
    for row in rows:
        parts: list[Rule] = []
        for rule in sorted(row, key=lambda rule: rule.x0):
            if parts and rule.x0 - parts[-1].x1 <= 2 * _SNAP:
                parts[-1] = parts[-1]._replace(x1=max(rule.x1, parts[-1].x1))
            else:
                parts.append(rule)
        joined += [part for part in parts if part.x1 - part.x0 > 4]
    return joined


def _drawings(rules: Sequence[Rule]) -> list[_Drawing]:
    """Return the groups of lines that touch."""
    horizontal, vertical = join_rules(rules)
    if len(horizontal) > _MAX_LINES or len(vertical) > _MAX_LINES:
        return []
    every = [*horizontal, *vertical]
    parents = list(range(len(every)))

    def root(n: int) -> int:
        while parents[n] != n:
            parents[n] = parents[parents[n]]
            n = parents[n]
        return n

    for a, across in enumerate(horizontal):
        for b, down in enumerate(vertical, len(horizontal)):
            if (across.x0 - 3 <= down.x0 <= across.x1 + 3) and (down.top - 3 <= across.top <= down.bottom + 3):
                parents[root(a)] = root(b)
    groups: dict[int, _Drawing] = defaultdict(_Drawing)
    for n, rule in enumerate(every):
        drawing = groups[root(n)]
        (drawing.horizontal if n < len(horizontal) else drawing.vertical).append(rule)
    return list(groups.values())


class _Grid:
    """The cells between the lines of a drawing: those without a line between them are one."""

    def __init__(self, drawing: _Drawing) -> None:
        self._drawing = drawing
        self.xs = _positions([rule.x0 for rule in drawing.vertical])
        self.ys = _positions([rule.top for rule in drawing.horizontal])
        ends = [rule.x0 for rule in drawing.horizontal] + [rule.x1 for rule in drawing.horizontal]
        # A table may be open at its sides.
        if self.xs and min(ends) < self.xs[0] - 8:
            self.xs.insert(0, min(ends))
        if self.xs and max(ends) > self.xs[-1] + 8:
            self.xs.append(max(ends))
        self.columns, self.rows = len(self.xs) - 1, len(self.ys) - 1

    def tables(self, words: Sequence[Word], turned: Sequence[Word]) -> list[PageTable]:
        owners = self._owners()
        cells: dict[tuple[int, int], list[Word]] = defaultdict(list)
        turned_cells: dict[tuple[int, int], list[Word]] = defaultdict(list)
        for source, target in ((words, cells), (turned, turned_cells)):
            for word in source:
                position = self._cell_at(word.middle, (word.top + word.bottom) / 2)
                if position is not None:
                    target[owners[position]].append(word)
        widest = max((sum(1 for n in range(self.columns) if (row, n) in cells) for row in range(self.rows)), default=0)
        if len(cells) < 4 or self.columns > max(6, 2 * widest) or self._has_columns_inside(cells):
            return []
        lines = {owner: lines_of(content) for owner, content in cells.items()}
        rows: list[list[str | None]] = []
        for row in range(self.rows):
            if all(owners[row, column][0] < row for column in range(self.columns)):
                continue  # no line is drawn through the table here
            if self.ys[row + 1] - self.ys[row] < 7 and not any(
                (row, column) in cells for column in range(self.columns)
            ):
                continue  # between the two lines of a double one
            texts = {owner: _text(lines.get(owner, []), turned_cells.get(owner, []))
                     for owner in {owners[row, column] for column in range(self.columns)}}  # fmt: skip
            marked = [self._marked(owners, row, column, texts) for column in range(self.columns)]
            for column in range(self.columns):
                self._spread(owners, row, column, lines, marked)
            parts = self._split_row(
                [lines.get(owners[row, c], []) if owners[row, c] == (row, c) else [] for c in range(self.columns)]
            )
            rows.extend(parts or [marked])
        if not _has_values(rows) and self.rows < 3:
            return []
        box = self.ys[0], self.ys[-1], self.xs[0], self.xs[-1]
        return from_rows(rows, box)

    def _owners(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Return the first cell of the merged cell that each cell is part of."""
        owners: dict[tuple[int, int], tuple[int, int]] = {}
        for row in range(self.rows):
            for column in range(self.columns):
                owner = (row, column)
                if column and not self._has_vertical(column, row):
                    owner = owners[row, column - 1]
                elif row and not self._has_horizontal(row, column):
                    owner = owners[row - 1, column]
                owners[row, column] = owner
        return owners

    def _has_vertical(self, column: int, row: int) -> bool:
        parts = [(rule.top, rule.bottom) for rule in self._drawing.vertical if abs(rule.x0 - self.xs[column]) <= _SNAP]
        return _is_covered(parts, self.ys[row], self.ys[row + 1])

    def _has_horizontal(self, row: int, column: int) -> bool:
        parts = [(rule.x0, rule.x1) for rule in self._drawing.horizontal if abs(rule.top - self.ys[row]) <= _SNAP]
        return _is_covered(parts, self.xs[column], self.xs[column + 1])

    def _cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        column = next((n for n in range(self.columns) if self.xs[n] <= x < self.xs[n + 1]), None)
        row = next((n for n in range(self.rows) if self.ys[n] <= y < self.ys[n + 1]), None)
        return None if column is None or row is None else (row, column)

    def _marked(
        self, owners: dict[tuple[int, int], tuple[int, int]], row: int, column: int, texts: dict[tuple[int, int], str]
    ) -> str | None:
        owner = owners[row, column]
        if owner[1] < column:
            return LEFT
        text = texts.get(owner) or None
        return ABOVE + text if text and owner[0] < row else text

    def _spread(
        self, owners: dict[tuple[int, int], tuple[int, int]], row: int, column: int,
        lines: dict[tuple[int, int], list[TextLine]], marked: list[str | None],
    ) -> None:  # fmt: skip
        """Put the lines of a tall cell into its rows, and the parts of a wide one over its columns, where they fit."""
        owner = owners[row, column]
        height = sum(1 for n in range(self.rows) if owners[n, column] == owner)
        width = sum(1 for n in range(self.columns) if owners[row, n] == owner)
        content = lines.get(owner, [])
        if height > 1 and owner[1] == column:
            own = [self._cell_at(line.words[0].middle, (line.top + line.bottom) / 2) for line in content]
            used = {position[0] for position in own if position}
            if len(content) >= 2 and 3 * len(used) >= 2 * height and height > 3:
                texts = [
                    words_text(line.words)
                    for line, position in zip(content, own, strict=True)
                    if position and position[0] == row
                ]
                marked[column] = " ".join(texts) or None
        if width > 1 and owner == (row, column) and len(content) == 1 and len(segments := content[0].segments()) > 1:
            lefts, rights = self.xs[column : column + width], self.xs[column + 1 : column + width + 1]
            spans = tiles([segment.middle for segment in segments], lefts, rights)
            for segment, span in zip(segments, spans or [], strict=False):
                marked[column + span[0]] = segment.text
                for n in span[1:]:
                    marked[column + n] = LEFT

    def _has_columns_inside(self, cells: dict[tuple[int, int], list[Word]]) -> bool:
        """Return whether a cell holds columns of its own: then the lines are not those between all columns."""
        for content in cells.values():
            lines = lines_of(content)
            if len(lines) < 3:
                continue
            apart = [line for line in lines if len(line.segments(1.5)) > 1]
            if len(apart) > 2 and 2 * len(apart) > len(lines):
                return True
        return False

    def _split_row(self, columns: Sequence[list[TextLine]]) -> list[list[str | None]]:
        """Return the rows of a drawn row in which each line of text is a row; empty when it is one row."""
        filled = [lines for lines in columns if lines]
        count = max(map(len, filled), default=0)
        if count < 2 or len(filled) < 2:
            return []
        tallest = [lines for lines in filled if len(lines) == count]
        has_values = any(all(kind_of(line.text).is_value for line in lines) for lines in tallest)
        is_even = all(abs(a.top - b.top) < 3 for lines in tallest for a, b in zip(lines, tallest[0], strict=True))
        has_values = has_values or (count > 2 and len(tallest) == len(filled) == len(columns))
        if len(tallest) < 2 or not is_even or not has_values or 2 * len(tallest) < len(filled):
            return []
        rows: list[list[str | None]] = [[None] * len(columns) for _ in range(count)]
        for column, lines in enumerate(columns):
            for line in lines:
                index = min(range(count), key=lambda n: abs(tallest[0][n].top - line.top))
                rows[index][column] = " ".join(filter(None, (rows[index][column], line.text)))
        return rows


def _is_covered(parts: Iterable[tuple[float, float]], start: float, end: float) -> bool:
    """Return whether most of a cell's side, from start to end, is drawn."""
    drawn = sum(max(0.0, min(last, end) - max(first, start)) for first, last in parts)
    return drawn >= _COVERED * (end - start)


def _positions(values: Sequence[float]) -> list[float]:
    positions: list[float] = []
    for value in sorted(values):
        if not positions or value - positions[-1] > _SNAP:
            positions.append(value)
    return positions


def _text(lines: Sequence[TextLine], turned: Sequence[Word]) -> str:
    parts = [words_text(line.words) for line in lines]
    return " ".join([*parts, *(word.text for word in turned)])


def _has_values(rows: Sequence[Sequence[str | None]]) -> bool:
    return any(kind_of(cell).is_value or kind_of(cell) is CellKind.CODE for row in rows for cell in row)
