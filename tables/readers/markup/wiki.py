"""Tables in the markup of MediaWiki and of LaTeX."""

import html
import re
from collections.abc import Iterator, Sequence

from tables.readers import tabular
from tables.readers.spans import Cell, Grid, Line, cell

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
    kinds: list[set[str]] = [set()]
    name: Cell = None
    for line in lines[1:-1]:
        if match := _CAPTION.match(line.text):
            name = cell(text, line.start + match.end(), line.end, plain_wiki)
        elif _ROW.match(line.text):
            rows.append([])
            kinds.append(set())
        elif match := _CELL.match(line.text):
            kinds[-1].add(match["mark"])
            rows[-1] += _wiki_cells(text, line, match.end(), match["mark"])
    filled = [n for n, row in enumerate(rows) if any(row)]
    header = 0
    while header < len(filled) and kinds[filled[header]] == {"!"}:
        header += 1
    extent = (lines[0].start, lines[-1].end)
    title = name.text if name else None
    return tabular.table(
        "wiki", [rows[n] for n in filled], extent, header_rows=min(header, 2) if header else None, name=title
    )


def _wiki_cells(text: str, line: Line, start: int, mark: str) -> Iterator[Cell]:
    separator = re.compile(r"\|\||!!" if mark == "!" else r"\|\|")
    edges = [start, *(n for match in separator.finditer(line.text, start) for n in match.span()), len(line.text)]
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        attributes = _ATTRIBUTES.match(line.text, a, b)
        first = attributes.end() if attributes else a
        match = cell(text, line.start + first, line.start + b, plain_wiki)
        yield match if match and match.text else None


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
    return tabular.table("latex", rows, (begun.start(), end), header_rows=header, sections=sections)


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
