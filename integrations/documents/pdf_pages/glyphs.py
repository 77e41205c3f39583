"""Glyphs and drawn lines of a page, turned so that most of its text is upright."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from pdfminer.converter import PDFLayoutAnalyzer
from pdfminer.layout import LTChar
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage

MAX_GLYPHS = 60_000  # of a page; a dense one has about 8,000
MAX_RULES = 20_000
_THIN = 3.0  # points: a filled rectangle as thin as that is a line


class Glyph(NamedTuple):
    """A character and its box, in points from the top left; `turn` is the direction of its text in degrees.

    `face` is the name of its font.
    """

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    turn: int
    face: str


class Rule(NamedTuple):
    """A horizontal or vertical line, or the edge of a box."""

    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def is_horizontal(self) -> bool:
        return self.x1 - self.x0 >= self.bottom - self.top


@dataclass(frozen=True)
class PageContent:
    """Glyphs and lines of a page."""

    width: float
    height: float
    glyphs: list[Glyph]
    rules: list[Rule]


class PageDevice(PDFLayoutAnalyzer):
    """Device that collects glyphs and lines, without the objects and colours of pdfminer's own."""

    def __init__(self, resources: PDFResourceManager) -> None:
        super().__init__(resources)
        self.glyphs: list[Glyph] = []
        self.rules: list[Rule] = []
        self._height = self._left = self._bottom = 0.0

    def begin_page(self, page: PDFPage, ctm: Any) -> None:
        super().begin_page(page, ctm)
        self.glyphs, self.rules = [], []
        self.width, self._height = self.cur_item.width, self.cur_item.height

    def end_page(self, page: PDFPage) -> None:  # noqa: ARG002  given by pdfminer
        """Keep what was collected: there is no layout to analyse."""
        self.height = self._height

    def begin_figure(self, name: str, bbox: Any, matrix: Any) -> None:
        """Collect the content of a form with that of its page."""

    def end_figure(self, name: str) -> None:
        """Go on with the page."""

    def render_image(self, name: str, stream: Any) -> None:
        """Leave images out."""

    def render_char(self, matrix: Any, font: Any, fontsize: float, scaling: float, rise: float, cid: int,
                    ncs: Any, graphicstate: Any) -> float:  # fmt: skip
        width = font.char_width(cid)
        advance: float = width * fontsize * scaling
        if len(self.glyphs) < MAX_GLYPHS and (text := _text(font, cid)):
            if font.is_vertical():
                char = LTChar(
                    matrix, font, fontsize, scaling, rise, text, width, font.char_disp(cid), ncs, graphicstate
                )
                box, size = char.bbox, char.size
            else:
                box = _box(matrix, font.get_descent() * fontsize + rise, advance, fontsize)
                size = box[3] - box[1]
            left, bottom, right, top = box
            placed = left, self._height - top, right, self._height - bottom
            self.glyphs.append(Glyph(text, *placed, abs(size) or fontsize, _turn(matrix), font.fontname))
        return advance

    def paint_path(self, gstate: Any, stroke: bool, fill: bool, evenodd: bool, path: Sequence[Any]) -> None:  # noqa: ARG002  given by pdfminer
        if len(self.rules) > MAX_RULES or not (stroke or fill):
            return
        a, b, c, d, e, f = self.ctm
        for points in _subpaths(path):
            placed = [(a * x + c * y + e, self._height - (b * x + d * y + f)) for x, y in points]
            self.rules.extend(_rules(placed, is_stroked=stroke))


def _text(font: Any, cid: int) -> str:
    try:
        text: str = font.to_unichr(cid)
    except Exception:
        return "\ufffd"
    return text.strip() or text[:1]  # some fonts have a blank and a sign in one character


def _box(matrix: Sequence[float], low: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Return the box of a character on the page, as pdfminer's own objects have it, which take twice as long."""
    a, b, c, d, e, f = matrix
    if b == c == 0 and a > 0 and d > 0:
        return e, d * low + f, a * width + e, d * (low + height) + f
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (0.0, width) for y in (low, low + height)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _subpaths(path: Sequence[Any]) -> Iterator[list[tuple[float, float]]]:
    """Yield the points of each part that consists of straight lines."""
    points: list[tuple[float, float]] = []
    is_straight = True
    for operator, *numbers in path:
        if operator == "m":
            if is_straight and len(points) > 1:
                yield points
            points, is_straight = [], True
        if operator in {"m", "l"}:
            points.append((float(numbers[0]), float(numbers[1])))
        elif operator == "h":
            points += points[:1]
        else:
            is_straight = False
    if is_straight and len(points) > 1:
        yield points


def _rules(points: Sequence[tuple[float, float]], *, is_stroked: bool) -> Iterator[Rule]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x0, x1, top, bottom = min(xs), max(xs), min(ys), max(ys)
    if x1 - x0 <= _THIN or bottom - top <= _THIN:
        if max(x1 - x0, bottom - top) > _THIN:
            yield _straight(x0, top, x1, bottom)
        return
    if not is_stroked and len(points) == 5 and _is_box(points):
        # The edges of a filled box are seen like lines: tables are striped that way.
        yield from _edges(x0, top, x1, bottom)
    elif is_stroked:
        for (ax, ay), (bx, by) in pairwise(points):
            if abs(ax - bx) < 1 or abs(ay - by) < 1:
                yield _straight(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))


def _edges(x0: float, top: float, x1: float, bottom: float) -> Iterator[Rule]:
    yield Rule(x0, top, x1, top)
    yield Rule(x0, bottom, x1, bottom)
    yield Rule(x0, top, x0, bottom)
    yield Rule(x1, top, x1, bottom)


def _is_box(points: Sequence[tuple[float, float]]) -> bool:
    return all(abs(ax - bx) < 0.5 or abs(ay - by) < 0.5 for (ax, ay), (bx, by) in pairwise(points))


def _straight(x0: float, top: float, x1: float, bottom: float) -> Rule:
    """Return the middle of a thin rectangle."""
    if x1 - x0 >= bottom - top:
        middle = (top + bottom) / 2
        return Rule(x0, middle, x1, middle)
    middle = (x0 + x1) / 2
    return Rule(middle, top, middle, bottom)


def whole_lines(rules: Sequence[Rule]) -> list[Rule]:
    """Return the horizontal lines, each whole where it is drawn in parts that touch."""
    joined: list[Rule] = []
    for rule in sorted((rule for rule in rules if rule.is_horizontal), key=lambda rule: (round(rule.top), rule.x0)):
        last = joined[-1] if joined else None
        if last and round(last.top) == round(rule.top) and rule.x0 - last.x1 <= 1:
            joined[-1] = last._replace(x1=max(last.x1, rule.x1))
        else:
            joined.append(rule)
    return joined


def _turn(matrix: Sequence[float]) -> int:
    a, b = matrix[0], matrix[1]
    if abs(a) >= abs(b):
        return 0 if a >= 0 else 180
    return 90 if b > 0 else 270


def read_page(interpreter: PDFPageInterpreter, device: PageDevice, page: PDFPage) -> PageContent:
    """Return the glyphs and lines of a page, turned to the direction of most of its text."""
    interpreter.process_page(page)
    content = PageContent(device.width, device.height, device.glyphs, device.rules)
    turns = Counter(glyph.turn for glyph in content.glyphs if not glyph.text.isspace())
    turn = turns.most_common(1)[0][0] if turns else 0
    return turned(content, turn)


def turned(content: PageContent, turn: int) -> PageContent:
    """Return a page turned so that text of this direction is upright."""
    if turn == 0:
        return content
    width, height = content.width, content.height

    def box(x0: float, top: float, x1: float, bottom: float) -> tuple[float, float, float, float]:
        if turn == 90:  # upward: to the right is up, and down is to the right
            return height - bottom, x0, height - top, x1
        if turn == 270:
            return top, width - x1, bottom, width - x0
        return width - x1, height - bottom, width - x0, height - top

    glyphs = [
        Glyph(g.text, *box(g.x0, g.top, g.x1, g.bottom), g.size, (g.turn - turn) % 360, g.face) for g in content.glyphs
    ]
    rules = [Rule(*box(*rule)) for rule in content.rules]
    size = (width, height) if turn == 180 else (height, width)
    return PageContent(*size, glyphs, rules)
