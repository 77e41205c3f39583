"""Comma, semicolon, tab and pipe separated rows: quoted fields with line breaks; prose is left alone."""

import re
from collections.abc import Iterator, Sequence

from tables.readers import evidence, tabular
from tables.readers.records import Record, Records
from tables.readers.spans import Cell, Grid, Line, Span

_DELIMITERS = "\t;|,；，،^~¦"
_RARE = "^~¦"  # delimiters of exports, and marks of other things elsewhere
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=.\"?\s*", re.IGNORECASE)  # tells spreadsheets the delimiter
_STATEMENT = re.compile(
    r"(?:let|const|var|val|return|if|else|for|while|fn|func|def|function|import|from|using|use|package|public|private"
    r"|static|void|int|char|double|float|bool|string|auto|echo|print\w*|select|insert|update|delete|set)\b.{0,80}?[=({;]"
    r"|(?-i:(?:sudo |\$ )?(?:cd|ls|cat|e?grep|sort|head|tail|wc|sed|awk|xargs|uniq|cut|less|tee|jq|ps|git) [-\w./])"
    r"|[-+][^\W\d_]|[\w.]+\([^()]*\)|[{}]|[\w.\[\]]+ ?[-+*/|&]?= ?\S",
    re.IGNORECASE,
)
_SHORT = 40
_SAMPLE = 200
_FEWEST_BELOW_LONG, _MOST_BLANKS = 4, 4  # rows, and blanks in a title of fewer
_NUMBER_ALONE = re.compile(r"[^\w\n]{0,3}\d{1,3}(?:(?:,\d{3})+(?:\.\d+)?|,\d{1,2})\W{0,3}")
_NUMBER_LAST = re.compile(
    r"[^\n]*[^\W\d_][^,\n]*[ \t](?:[€$£¥₹₩]|[A-Z]{3}[ \t])?"
    r"(?:[-+−]?(?:\d{1,6}|\d{1,3}(?:[.'’]\d{3})+),\d{1,2}-?|\d{1,3}(?:,\d{3})+(?:\.\d{2})?)"
    r"(?:[ \t]?(?:[€$£¥₹₩]|[^\W\d_]{1,4}\.?))?"
)
# `Hour: 95,00 € each.`: the only comma of the line is the mark of a decimal before a unit.
_NUMBER_WITHIN = re.compile(r"[^,\n]*\d,\d{1,3}[ \u00a0\u202f]?(?:[€$£¥₽%°]|[^\W\d_])[^,\n]*")
_THOUSANDS_WITHIN = re.compile(r"(?=\S+\s)(?:[^,\n]*(?<!\d)\d{1,3}(?:,\d{3})++(?!\d))+[^,\n]*")
# `08:00 7,2 bar 21,5 °C`: commas between digits, in lines whose cells stand apart by blanks.
_DECIMALS_WITHIN = re.compile(r"(?=.* )(?:[^,\n]*(?<!\d)\d{1,6},\d{1,3}(?!\d))++[^,\d\n]*")
_BETWEEN_DECIMALS = re.compile(r"\d{1,3}(?:\D?| \S.*|[^\d ]*) \S*\d")
_NAMED_NUMBER = re.compile(r"(?P<name>[^\W\d_](?:.{0,38}[^\W\d_])?)[ ]+(?P<number>-?\d{1,6}(?:\.\d{1,4})?)")
_PARTS, _PLAIN_NUMBER = ("name", "number"), re.compile(r"-?\d{1,6}(?:\.\d{1,4})?")
_APART = re.compile(r"[\d%][ ]{2,}\w")
_LOG_TIME = re.compile(r":\d\d,\d{3}\b")
_SENTENCE_END = re.compile(r"[^\W\d]{2}[.!?] +[^\W\d_]")
_PAIR = re.compile(r"\s*(?:[^\W\d_][^:,;|]{0,40}(?:: | = )|\w[^:：,;|，；]{0,40}：)")


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    """Yield the tables; at each line the delimiter that makes the most rows from there wins."""
    if _SEPARATOR_LINE.fullmatch(lines[0].text) and len(lines) > 1:
        lines = lines[1:]
    present = [d for d in _DELIMITERS if text.find(d, lines[0].start, lines[-1].end) >= 0]
    readers = {delimiter: Records(text, lines, delimiter) for delimiter in present}
    judged = dict.fromkeys(present, 0)
    i = 0
    while i < len(lines):
        best: list[Record] = []
        for delimiter, records in readers.items():
            if i < judged[delimiter] or not (delimiter in lines[i].text or '"' in lines[i].text):
                continue
            run = records.run(i)
            judged[delimiter] = run[-1].after if run else i
            table = _trim(run)
            if len(table) > len(best) and _is_table(table, delimiter):
                best = table
        if best and (result := _grid(best)):
            yield result
            i = best[-1].after
        else:
            i += 1


def _grid(table: Sequence[Record]) -> Grid | None:
    rows = [record.cells for record in table]
    if all(record.is_spaced for record in table) and (parted := _with_names(rows)):
        rows = parted
    return tabular.table("delimited", rows, (table[0].line.start, table[-1].end))


def _with_names(rows: Sequence[list[Cell]]) -> list[list[Cell]]:
    """Return the rows of `Maths 5, 4, 3` with the name in a cell of its own; none where they are not such rows."""
    parted: list[list[Cell]] = []
    for first, *others in rows:
        match = _NAMED_NUMBER.fullmatch(first.text) if first else None
        if not match or not first or not all(cell and _PLAIN_NUMBER.fullmatch(cell.text) for cell in others):
            return []
        spans = [Span(match[name], first.start + match.start(name), first.start + match.end(name)) for name in _PARTS]
        parted.append([*spans, *others])
    return parted


def _trim(run: list[Record]) -> list[Record]:
    """Drop a sentence right above or below the rows that happens to have as many commas."""
    while len(run) > 2 and run[0].is_spaced and not run[1].is_spaced and _is_introduction(run):
        run = run[1:]
    while len(run) > 2 and run[-1].is_spaced and not run[-2].is_spaced and _is_remark(run):
        run = run[:-1]
    return run


def _is_introduction(run: Sequence[Record]) -> bool:
    rest = [record.cells for record in run[1:]]
    return run[0].line.text.rstrip().endswith((".", "!", "?", ":")) or (
        evidence.has_header(rest) and evidence.has_value_column(rest)
    )


def _is_remark(run: Sequence[Record]) -> bool:
    last = run[-1]
    above = [record.cells for record in run[1:-1]]
    columns = [
        i for i in range(len(last.cells)) if (t := evidence.texts(above, i)) and all(map(evidence.is_value, t[:20]))
    ]
    return last.line.text.rstrip().endswith((".", "!", "?", ":")) or any(
        (result := last.cells[i]) and not evidence.is_value(result.text) for i in columns
    )


def _is_table(table: Sequence[Record], delimiter: str) -> bool:
    table = table[:_SAMPLE]
    rows = [record.cells for record in table]
    filled = [sum(1 for cell in row if cell) >= 2 for row in rows]
    if len(table) < 2 or not (filled[0] or evidence.is_most(filled)) or _is_narrow(rows):
        return False
    if all(row[0] and row[0].text.endswith(":") for row in rows):
        return False
    if delimiter in _RARE:
        return _is_export(table)
    if delimiter == "\t" or evidence.is_most([record.is_quoted for record in table]):
        return True
    if delimiter == "," and evidence.is_most([_is_set_in_columns(row) for row in rows]):
        return False
    if _is_code(table) or (delimiter in ",，" and _is_plain_numbers(table)):
        return False
    if not evidence.is_most([record.is_spaced for record in table]):
        return True
    return _is_spaced_table(table, 2 if delimiter == "|" else 3)


def _is_export(table: Sequence[Record]) -> bool:
    """Return True for three columns or more of equal rows, which no prose and no program has."""
    widths = {len(record.cells) for record in table}
    return min(widths) > 2 and len(widths) == 1 and not _is_code(table)


def _is_narrow(rows: Sequence[Sequence[object]]) -> bool:
    """Lines that end in the delimiter: one column, not two."""
    return sum(any(len(row) > i and row[i] for row in rows) for i in range(max(map(len, rows)))) < 2


def _is_set_in_columns(row: Sequence[Cell]) -> bool:
    """Return True for a line of text in two columns, such as the index of a book: `arch, 186  canal, 183`."""
    return any(cell is not None and _APART.search(cell.text) for cell in row)


def _is_code(table: Sequence[Record]) -> bool:
    return evidence.is_most(
        [
            any(c and (evidence.is_unbalanced(c.text) or _STATEMENT.match(c.text)) for c in record.cells)
            for record in table
        ]
    )


def _is_plain_numbers(table: Sequence[Record]) -> bool:
    """`1,234` and `12,50` line by line under no header, `Coffee  2,80`, and the milliseconds of a log."""
    lines = [record.line.text.strip() for record in table]
    if all(_NUMBER_WITHIN.fullmatch(line) for line in lines) or all(map(_THOUSANDS_WITHIN.fullmatch, lines)):
        return True
    if _are_decimals(table, lines):
        return True
    return not evidence.has_header([record.cells for record in table]) and (
        evidence.is_most([_NUMBER_ALONE.fullmatch(line) is not None for line in lines])
        or all(_NUMBER_LAST.fullmatch(line) for line in lines)
        or evidence.is_most([_LOG_TIME.search(line) is not None for line in lines])
    )


def _are_decimals(table: Sequence[Record], lines: Sequence[str]) -> bool:
    """Return True where each comma marks decimals and what stands between two of them is cut in pieces of numbers."""
    below = lines[1:] if "," in lines[0] and not any(c.isdigit() for c in lines[0]) else lines
    if not all(map(_DECIMALS_WITHIN.fullmatch, below)):
        return False
    inner = [cell for record in table for cell in record.cells[1:-1]]
    if inner:
        return all(cell is not None and _BETWEEN_DECIMALS.fullmatch(cell.text) is not None for cell in inner)
    return all(map(_NUMBER_LAST.fullmatch, lines))


def _is_spaced_table(table: Sequence[Record], enough: int) -> bool:
    """`a, b, c` is how prose is written too: rows must be short, and hold values or `enough` columns."""
    lines = [record.line.text.strip() for record in table]
    rows = [record.cells for record in table]
    if evidence.is_most([line.endswith((".", "!", "?", ":", ";", ",")) for line in lines]):
        return False
    if evidence.is_most([_SENTENCE_END.search(line) is not None for line in lines]):
        return False
    if len(rows) < _FEWEST_BELOW_LONG and any(c and c.text.count(" ") > _MOST_BLANKS for c in rows[0]):
        return False  # two lines of a paragraph
    if all(_PAIR.match(line) for line in lines) or any(c and len(c.text) > 2 * _SHORT for row in rows for c in row):
        return False
    short = all(len(c.text) <= _SHORT and c.text.count(" ") <= 4 for row in rows for c in row if c)
    return evidence.has_value_column(rows) or (short and len(rows) >= 3 and min(map(len, rows)) >= enough)
