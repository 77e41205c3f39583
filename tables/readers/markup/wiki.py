"""Tables in the markup of MediaWiki and of LaTeX."""

import html
import re
from collections.abc import Iterator, Sequence

from tables.readers import tabular
from tables.readers.spans import MAX_COLUMNS, Cell, Grid, Line, cell

_CAPTION = re.compile(r"\s*\|\+")
_ROW = re.compile(r"\s*\|-")
_CELL = re.compile(r"\s*(?P<mark>[|!])(?![}+-])")
_ATTRIBUTES = re.compile(r"\s*(?:[\w-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[\w.%#-]+)\s*)+\|(?!\|)")
_LINK = re.compile(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]|\[https?://\S+ ([^\]]*)\]")
_REFERENCE = re.compile(r"<ref\b[^<>]*/>|<ref\b[^<>]*>[^<]*</ref>|<[^<>]{1,40}>|'{2,5}")
_TEMPLATE = re.compile(r"\{\{(?:[^{}|]*\|)*([^{}|]*)\}\}")
_TABULAR = re.compile(r"\\begin\{(tabularx?|tabular\*|longtable|array|tabu|tblr|matrix)\}")
_SPAN = re.compile(r"\s*\\multi(?:column|row)\{(\d+)\}\{[^{}]*\}\{")
_NO_CELL = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot|centering|small)\b"
    r"|\\(?:cline|cmidrule|addlinespace|caption|label|specialrule)(?:\([^()]*\))?(?:\{[^{}]*\})*|(?<!\\)%[^\n]*"
)
_COMMAND = re.compile(
    r"\\(?:textbf|textit|emph|text|texttt|mathrm|mathbf|underline|num|SI|url|textsc|bf|it)\s*\{([^{}]*)\}"
)
_ESCAPED = re.compile(r"\\([&%$#_{}])")
_MOST_SPANNED = 200
_CAPTIONED = re.compile(r"\\caption(?:\[[^\]\n]*\])?\{(?P<name>[^{}\n]{1,200})\}")
_CAPTION_WITHIN = 400  # characters before the table or behind it
_ARROW = re.compile(r"\\(\\|tabularnewline\b)(?:\[[^\]\n]*\])?")


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    start, end = lines[0].start, lines[-1].end
    if text.find("{|", start, end) >= 0:
        yield from _wiki_tables(text, lines)
    if text.find("\\begin{", start, end) >= 0:
        yield from _tabulars(text, start, end)


def plain_wiki(raw: str) -> str:
    """Return a cell of MediaWiki without links, references, templates, entities and emphasis."""
    plain = _REFERENCE.sub("", _LINK.sub(lambda link: link[1] or link[2] or "", raw))
    return html.unescape(_TEMPLATE.sub(r"\1", plain)).replace("\xa0", " ").strip()


def plain_tex(raw: str) -> str:
    """Return a cell of LaTeX without commands for fonts, math signs and escapes."""
    plain = _COMMAND.sub(r"\1", _COMMAND.sub(r"\1", raw)) if "\\" in raw else raw
    if plain.startswith("$") and plain.endswith("$") and len(plain) > 2 and not plain.endswith("\\$"):
        plain = plain[1:-1]
    plain = _ESCAPED.sub(r"\1", plain).replace("~", " ").replace("---", "—").replace("--", "–")
    return plain.strip("{} ").strip()


def _wiki_tables(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    begun: int | None = None
    for i, line in enumerate(lines):
        content = line.text.lstrip()
        if content.startswith("{|"):
            begun = i
        elif content.startswith("|}") and begun is not None:
            if result := _wiki_table(text, lines[begun : i + 1]):
                yield result
            begun = None


def _wiki_table(text: str, lines: Sequence[Line]) -> Grid | None:
    rows: list[list[Cell]] = [[]]
    spans = _Spans()
    kinds: list[set[str]] = [set()]
    name: Cell = None
    for line in lines[1:-1]:
        if match := _CAPTION.match(line.text):
            name = cell(text, line.start + match.end(), line.end, plain_wiki)
        elif _ROW.match(line.text):
            spans.close(rows[-1])
            rows.append([])
            kinds.append(set())
        elif match := _CELL.match(line.text):
            kinds[-1].add(match["mark"])
            for content, across, down in _wiki_cells(text, line, match.end(), match["mark"]):
                spans.add(rows[-1], content, across, down)
    spans.close(rows[-1])
    filled = [n for n, row in enumerate(rows) if any(row)]
    header = 0
    while header < len(filled) and kinds[filled[header]] == {"!"}:
        header += 1
    extent = (lines[0].start, lines[-1].end)
    title = name.text if name else None
    return tabular.table(
        "wiki", [rows[n] for n in filled], extent, header_rows=min(header, 2) if header else None, name=title
    )


class _Spans:
    """Cells of rows above that go on in the rows below."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[Cell, int]] = {}  # by column, with the number of rows to go

    def add(self, row: list[Cell], content: Cell, across: int, down: int) -> None:
        """Add a cell to a row, behind those that go on into it."""
        self._fill(row)
        for _ in range(across):
            if down > 1 and len(row) < MAX_COLUMNS:
                self._open[len(row)] = (content, down)
            row.append(content)

    def close(self, row: list[Cell]) -> None:
        """End a row; an empty one, as stands above the first `|-`, is none."""
        if row:
            self._fill(row)
            self._open = {column: (content, left - 1) for column, (content, left) in self._open.items() if left > 1}

    def _fill(self, row: list[Cell]) -> None:
        while (opened := self._open.get(len(row))) is not None:
            row.append(opened[0])


def _span(attributes: str, name: str) -> int:
    match = re.search(rf"{name}\s*=\s*[\"']?\s*(\d{{1,3}})", attributes, re.IGNORECASE)
    return min(max(int(match[1]), 1), _MOST_SPANNED) if match else 1


def _wiki_cells(text: str, line: Line, start: int, mark: str) -> Iterator[tuple[Cell, int, int]]:
    """Yield each cell with the number of columns and of rows that it spans."""
    separator = re.compile(r"\|\||!!" if mark == "!" else r"\|\|")
    edges = [start, *(n for match in separator.finditer(line.text, start) for n in match.span()), len(line.text)]
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        attributes = _ATTRIBUTES.match(line.text, a, b)
        first = attributes.end() if attributes else a
        content = cell(text, line.start + first, line.start + b, plain_wiki)
        spanned = attributes.group() if attributes else ""
        yield content if content and content.text else None, _span(spanned, "colspan"), _span(spanned, "rowspan")


def _tabulars(text: str, start: int, end: int) -> Iterator[Grid]:
    while begun := _TABULAR.search(text, start, end):
        close = text.find(f"\\end{{{begun[1]}}}", begun.end(), end)
        if close < 0:
            return
        if result := _tabular(text, begun, close):
            yield result
        start = close


def _tabular(text: str, begun: re.Match[str], close: int) -> Grid | None:
    start = _behind_arguments(text, begun.end(), close)
    edges = [start, *(n for match in _ARROW.finditer(text, start, close) for n in match.span()), close]
    rows: list[list[Cell]] = []
    ruled: list[int] = []
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        row, has_rule = _tex_row(text, a, b)
        if has_rule and rows:
            ruled.append(len(rows))
        if any(row):
            rows.append(row)
    header = ruled[0] if ruled and ruled[0] <= 2 and len(rows) > ruled[0] else None
    sections = [n for n, row in enumerate(rows) if tabular.is_heading(row) and header and n >= header]
    end = text.find("}", close) + 1
    name = _latex_name(text, begun.start(), end)
    return tabular.table("latex", rows, (begun.start(), end), header_rows=header, sections=sections, name=name)


def _latex_name(text: str, start: int, end: int) -> str | None:
    """Return the caption of the float that the table is in."""
    begin = text.rfind("\\begin{table", max(0, start - _CAPTION_WITHIN), start)
    close = text.find("\\end{table", end, end + _CAPTION_WITHIN)
    match = _CAPTIONED.search(text, begin, close) if 0 <= begin < close else None
    return plain_tex(match["name"]) if match else None


def _behind_arguments(text: str, at: int, close: int) -> int:
    """Return the offset behind `{\\textwidth}{l r@{.}l}` and `[t]`, whose braces may be nested."""
    while text[at : at + 1] in ("{", "[") and at < close:
        depth = 0
        for index in range(at, min(close, at + 400)):
            depth += text[index] in "{["
            depth -= text[index] in "}]"
            if not depth:
                at = index + 1
                break
        else:
            return at
    return at


def _tex_row(text: str, start: int, end: int) -> tuple[list[Cell], bool]:
    """Return the cells of a row, and True when a rule stands above it."""
    has_rule = False
    while match := re.compile(r"\s*").match(text, start, end):
        start = match.end()
        rule = _NO_CELL.match(text, start, end)
        if rule is None:
            break
        has_rule, start = has_rule or "line" in rule.group() or "rule" in rule.group(), rule.end()
    cells: list[Cell] = []
    edges = [start, *(n for bar in re.compile(r"(?<!\\)&").finditer(text, start, end) for n in bar.span()), end]
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        span = _SPAN.match(text, a, b)
        stop = text.rfind("}", a, b) if span else b
        found_cell = cell(text, span.end() if span else a, stop, plain_tex)
        cells.append(found_cell if found_cell and found_cell.text else None)
        if span and "column" in span.group():
            cells += [None] * (min(int(span[1]), 50) - 1)
    return cells, has_rule
