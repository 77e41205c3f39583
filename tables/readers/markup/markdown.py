"""Tables drawn with bars: Markdown, Jira, ASCII and box drawing, with or without a rule below the header."""

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tables.readers import evidence, tabular
from tables.readers.markup.one_line import unfold
from tables.readers.spans import MAX_ROWS, Cell, Grid, Line, cell

_BARS = "|│┃║┆┊╎"
_PIPE = re.compile(rf"(?<!\\)[{_BARS}]")
_DOUBLED = re.compile(r"(?<!\\)\|\|?")
_CODE = re.compile(r"(`+)[^`\n]+\1")
_RULE = re.compile(r"[\s|+:=\-─-╿]+")
_MARKDOWN_RULE = re.compile(r"[ \t]*+\|?(?:[ \t]*+:?-++:?[ \t]*+\|)++(?:[ \t]*+:?-++:?[ \t]*+)?")
_SAMPLE = 20  # rows that are judged
_CORNERS = frozenset("|+┼├┤┌┐└┘╞╡╪╤╧╔╗╚╝╠╣╬╭╮╰╯┏┓┗┛┣┫╋┡┩╇┠┨┿╂━─═")
_MARK = re.compile(f"[{re.escape(_BARS + ''.join(sorted(_CORNERS)))}]")
_DASHES = frozenset("-=─═━")
_LINE_END = re.compile(r"<br\s*/?>", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]\n]{1,200})\]\([^()\s]{1,500}(?:[ ]\"[^\"\n]{0,200}\")?\)")
_MARKS = ("**", "__", "`", "*", "_")
_DATA_TYPE = re.compile(
    r"(?:u?(?:tiny|small|big|huge)?int(?:eger)?\d{0,3}|[iuf]\d{1,3}|str|string|varchar|text|char|bool(?:ean)?|double|float\d{0,2}"
    r"|real|decimal|numeric|date(?:time)?|timestamp|time|object|category|cat|blob|uuid|json|---)"
    r"(?:[\[(][^\])]{0,30}[\])])?",
    re.IGNORECASE,
)


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _MARK.search(text, lines[0].start, lines[-1].end) is None:
        return
    rows = [part for line in lines for part in unfold(line)]
    i = 0
    while i < len(rows):
        if not _is_drawn(rows[i].text):
            i += 1
            continue
        block, end = _block(text, rows, i)
        if len(block) >= 2 and (result := _table(text, block)):
            yield result
        i = end


def unescape(raw: str) -> str:
    """Return the content of a cell: without escapes, links, entities and line breaks in HTML."""
    plain = _LINE_END.sub("\n", raw.replace("\\|", "|"))
    if "](" in plain:
        plain = _LINK.sub(r"\1", plain)
    return html.unescape(plain).replace("\xa0", " ") if "&" in plain else plain


def _is_rule(line: str) -> bool:
    """Return True for `|---|:-:|`, `-----+-----`, `+====+`: drawn, not written."""
    return _RULE.fullmatch(line) is not None and not _CORNERS.isdisjoint(line) and not _DASHES.isdisjoint(line)


def _is_drawn(line: str) -> bool:
    return _is_rule(line) or _PIPE.search(line) is not None


def _block(text: str, rows: Sequence[Line], i: int) -> tuple[list[Line], int]:
    """Return the drawn lines from line `i` on, and the line behind them; an empty line may stand between two."""
    block: list[Line] = []
    has_rule = False
    while i < len(rows):
        if not rows[i].is_blank:
            if not _is_drawn(rows[i].text) or (has_rule and _begins_table(text, block, rows, i)):
                break
            has_rule = has_rule or _is_rule(rows[i].text)
            block.append(rows[i])
        elif not _goes_on(rows, i + 1, has_rule):
            break
        i += 1
    return block, i


def _begins_table(text: str, block: Sequence[Line], rows: Sequence[Line], i: int) -> bool:
    """Return True for a header right below the rows of another table, with a Markdown rule below it."""
    is_ruled = i + 1 < len(rows) and _MARKDOWN_RULE.fullmatch(rows[i + 1].text) is not None
    if not is_ruled or _is_rule(rows[i].text) or _is_rule(block[-1].text):
        return False
    titles = _cells(text, rows[i], None)
    body = [_cells(text, line, None) for line in rows[i + 2 : i + 2 + _SAMPLE] if "|" in line.text]
    is_other = len(titles) != len(_cells(text, block[-1], None))
    return bool(body) and (is_other or evidence.has_header([titles, *body]))


def _goes_on(rows: Sequence[Line], i: int, has_rule: bool) -> bool:
    """Return True when the line below an empty one belongs to the table above: it has outer bars and is no header."""
    if i >= len(rows) or not rows[i].text.lstrip().startswith("|"):
        return False
    if _is_rule(rows[i].text):
        return not has_rule  # the rule below a header that stands apart
    below = next((line.text for line in rows[i + 1 : i + 3] if not line.is_blank), "")
    return has_rule and not _is_rule(below)


def _table(text: str, block: Sequence[Line]) -> Grid | None:
    rules = {i for i, line in enumerate(block) if _is_rule(line.text)}
    if not rules and not all(line.text.lstrip()[:1] in _BARS for line in block):
        return None
    rule = min((i for i in rules if i > 0 and i - 1 not in rules), default=0)
    above = [i for i in range(rule) if i not in rules]
    width = _width(block[rule].text) if rule else None
    if len(above) > 1 and len({len(_cells(text, block[i], width)) for i in above}) > 1:
        above = above[-1:]
        block, rules = block[above[0] :], {i - above[0] for i in rules}
    lines = [line for i, line in enumerate(block) if i not in rules]
    if not lines or (len(lines) == 1 and not rules):
        return None
    is_jira = lines[0].text.lstrip().startswith("||")
    rows = [_cells(text, line, width) for line in lines[: MAX_ROWS + 4]]
    header = len(above) if 0 < len(above) <= 2 else 1 if is_jira else None
    rows, header = _without_types(rows, header)
    sections = [n for n, row in enumerate(rows) if tabular.is_heading(row) and _is_marked(text, row[0])]
    extent = (block[0].start, block[-1].end)
    if header == 2 and len(rows) > 2 and tabular.joins(rows):
        return tabular.table("markdown", rows, extent, header_rows=2, sections=sections)
    header = 1 if header == 1 and len(rows) > 1 else None if header is None else 0
    return tabular.table("markdown", rows, extent, header_rows=header, sections=sections)


def _without_types(rows: list[list[Cell]], header: int | None) -> tuple[list[list[Cell]], int | None]:
    """Leave out the row of data types that databases and data frames print below the names."""
    count = 0
    while len(rows) > count + 1 and all(match and _DATA_TYPE.fullmatch(match.text) for match in rows[count + 1]):
        count += 1
    return ([rows[0], *rows[count + 1 :]], 1) if count and rows[0] else (rows, header)


def _is_marked(text: str, content: Cell) -> bool:
    """Return True for a cell in bold, or with a colon at its end."""
    return content is not None and (
        text[content.start - 2 : content.start] in ("**", "__") or content.text.endswith(":")
    )


def _width(rule: str) -> int:
    return len([part for part in re.split(r"[|+┼╪╋╇┿╂┬╤]", rule.strip().strip("|+├┤╞╡┣┫╠╣┡┩")) if part.strip()])


def _cells(text: str, line: Line, width: int | None) -> list[Cell]:
    cells = _split(text, line, [separator.span() for separator in _bars(line.text)])
    if "`" in line.text and len(cells) != width:
        # A bar within code ends no cell, unless the rule tells that it does.
        inside = [code.span() for code in _CODE.finditer(line.text)]
        bars = [bar.span() for bar in _bars(line.text) if not any(a < bar.start() < b for a, b in inside)]
        return _split(text, line, bars)
    return cells


def _bars(line: str) -> Iterator[re.Match[str]]:
    return (_DOUBLED if line.lstrip().startswith("||") else _PIPE).finditer(line)


def _split(text: str, line: Line, bars: Sequence[tuple[int, int]]) -> list[Cell]:
    edges = [(0, 0), *bars, (len(line.text), len(line.text))]
    pieces = [(a[1], b[0]) for a, b in pairwise(edges)]
    if not line.text[: pieces[0][1]].strip():
        pieces = pieces[1:]
    if pieces and not line.text[pieces[-1][0] :].strip():
        pieces = pieces[:-1]
    return [_plain(text, cell(text, line.start + a, line.start + b, unescape)) for a, b in pieces]


def _plain(text: str, content: Cell) -> Cell:
    """Return the cell without emphasis around all of it: `**42.00**` is 42.00."""
    for mark in _MARKS:
        size = len(mark)
        if content and len(content.text) > 2 * size and content.text.startswith(mark) and content.text.endswith(mark):
            inner = cell(text, content.start + size, content.end - size, unescape)
            content = inner if inner and mark not in inner.text else content
    return content
