"""Charts of reports as inline SVG: no script, no external file, readable as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from tables.reports.document import Cell, Chart, ChartKind, Section, number_of
from tables.reports.look import INK, LINE, MUTED, SERIES

WIDTH, HEIGHT, BAR_HEIGHT = 720, 240, 26
LEFT, RIGHT, TOP, BOTTOM, LABEL_WIDTH = 64, 12, 12, 28, 170
TICKS, MAX_LABELS, MAX_LABEL_LENGTH = 4, 8, 24


@dataclass(frozen=True)
class ChartData:
    """Labels and series of a chart, as it is drawn."""

    labels: Sequence[str]
    names: Sequence[str]
    series: Sequence[Sequence[float]]

    @property
    def totals(self) -> list[float]:
        return [sum(values) for values in zip(*self.series, strict=True)]


def data_of(section: Section, chart: Chart) -> ChartData:
    """Return the numbers that a chart shows of its section."""
    rows = section.rows[: chart.limit]
    names = [section.headings[index].name for index in chart.values]
    series = [[max(number_of(row[index]), 0.0) for row in rows] for index in chart.values]
    return ChartData([_label(row[chart.label]) for row in rows], names, series)


def draw(section: Section, chart: Chart) -> str:
    """Return a chart as an SVG element; every text in it is escaped here."""
    data = data_of(section, chart)
    top = _ceiling(max(data.totals, default=0.0))
    if chart.kind is ChartKind.COLUMNS:
        height, parts = HEIGHT, [*_columns(data, top)]
    else:
        height, parts = TOP + BAR_HEIGHT * len(data.labels) + 8, [*_bars(data, top)]
    described = f"{chart.title}: {len(data.labels)} values, the largest {_short(max(data.totals, default=0.0))}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(described)}">{"".join(parts)}</svg>'
    )


def colors_of(chart: Chart) -> Sequence[str]:
    """Return the color of each series of a chart."""
    return [SERIES[index % len(SERIES)] for index in range(len(chart.values))]


def _columns(data: ChartData, top: float) -> Iterator[str]:
    height, width = HEIGHT - TOP - BOTTOM, WIDTH - LEFT - RIGHT
    for tick in range(TICKS + 1):
        y = TOP + height - height * tick / TICKS
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}"/>'
        yield _text(LEFT - 6, y + 4, _short(top * tick / TICKS), "end", MUTED)
    step = width / max(len(data.labels), 1)
    every = max(ceil(len(data.labels) / MAX_LABELS), 1)
    for index, label in enumerate(data.labels):
        x, base = LEFT + index * step, float(TOP + height)
        for color, values in zip(SERIES * 9, data.series, strict=False):
            size = height * values[index] / top
            base -= size
            tip = f"<title>{escape(f'{label}: {_short(values[index])}')}</title>"
            if size:
                yield _rectangle(x + step * 0.1, base, step * 0.8, size, color, tip)
        if index % every == 0:
            yield _text(x + step / 2, HEIGHT - 8, label, "middle", MUTED)


def _bars(data: ChartData, top: float) -> Iterator[str]:
    width = WIDTH - LABEL_WIDTH - 80
    for index, label in enumerate(data.labels):
        y, x = TOP + index * BAR_HEIGHT, float(LABEL_WIDTH)
        yield _text(LABEL_WIDTH - 8, y + 14, label, "end", INK)
        for color, values in zip(SERIES * 9, data.series, strict=False):
            size = width * values[index] / top
            tip = f"<title>{escape(f'{label}: {_short(values[index])}')}</title>"
            if size:
                yield _rectangle(x, y, size, BAR_HEIGHT - 8, color, tip)
            x += size
        yield _text(x + 6, y + 14, _short(data.totals[index]), "start", MUTED)


def _rectangle(x: float, y: float, width: float, height: float, color: str, inner: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}">{inner}</rect>'


def _text(x: float, y: float, text: str, anchor: str, color: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="11" fill="{color}">{escape(text)}</text>'


def _label(cell: Cell) -> str:
    text = "(empty)" if cell is None or cell == "" else str(cell)
    return text if len(text) <= MAX_LABEL_LENGTH else f"{text[: MAX_LABEL_LENGTH - 1]}…"


def _ceiling(largest: float) -> float:
    """Return the end of an axis: 1, 2, 2.5 or 5 times a power of ten, not below the largest value."""
    if largest <= 0:
        return 1.0
    power = 10.0 ** floor(log10(largest))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= largest)


def _short(number: float) -> str:
    """Return a number for an axis, such as 1.5k or 20M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"
