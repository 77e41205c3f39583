"""Evidence for tables and against prose: values, headers, sentences and code."""

import re
from collections.abc import Sequence

from tables.readers.spans import Cell
from tables.types.dates import read_date
from tables.types.null_words import is_null

_CURRENCY = "€$£¥₹₽₩₺₴₪฿₫₦₱₿¢"
_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[^\W\d_]{0,6}\.?"
_TIME = r"\d{1,2}:\d{2}(?:(?::\d{2})?(?:\.\d+)?)?(?:\s?[ap]m|\s?uhr)?(?:\s?z|\s?[+-]\d{2}:?\d{2})?"
_AMOUNT = (
    rf"[(+\-−–]?\s?(?:[a-z]{{3}}\s?|[{_CURRENCY}]\s?)?[+\-−–]?\.?\d[\d.,'’ \u00a0\u202f]*+"
    rf"(?:%|‰|°[cf]?|[{_CURRENCY}]|[^\W\d_]{{1,5}}\.?|[^\W\d_]{{1,3}}[²³]|[^\W\d_]{{1,3}}/[^\W\d_]{{1,3}}[²³]?)?\)?"
)
_NUMBER = rf"(?:[a-z]{{3}}\s?|[{_CURRENCY}]\s?)?[+\-−–]?\d[\d.,'’]{{0,15}}"
_UNIT = (
    rf"(?:\s?(?:%|°[cf]?|[{_CURRENCY}]|[^\W\d_]{{1,5}}\.?|[^\W\d_]{{1,3}}[²³]))?"
    r"(?:\s?/\s?[^\W\d_]{1,7}\.?|\s(?:per|pro|par|por|al|za)\s[^\W\d_]{1,7})?"
)
# `60-80 £/h`, `15 € / jour`, `approx. 6650 km`, `2019–2024`.
_RANGE = (
    r"(?:(?:[~≈±<>≤≥]|ca?\.|circa|approx\.?|about|max\.?|min\.?|etwa|rund|около|约|約)\s?)?"
    rf"{_NUMBER}(?:{_UNIT}\s?(?:[-–—~～]|to|bis)\s?{_NUMBER})?{_UNIT}"
)
# `4.5/5`, `128/84`, `7 out of 10`, stars.
_RATIO = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?\s?(?:/|out of|von|sur|de|su)\s?\d{1,3}|[★☆⭐✩✭]{1,10}")
_DURATION = re.compile(r"\d{1,3}\s?h(?:\s?\d{1,2}\s?(?:m|min|mn)?\.?)?|\d{1,4}\s?min\.?", re.IGNORECASE)
_VALUE = re.compile(
    "|".join(
        (
            _AMOUNT,
            _RANGE,
            _RATIO.pattern,
            _DURATION.pattern,
            rf"\d{{1,4}}[-./]\d{{1,2}}[-./]\d{{1,4}}(?:[t ,]+{_TIME})?",
            rf"(?:[^\W\d_]{{2,9}}\.?,? )?\d{{1,2}}(?:\.|st|nd|rd|th)? ?-?{_MONTH},?(?:[ -]\d{{2,4}})?",
            rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?",
            r"\d{4}年\d{1,2}月\d{1,2}日",
            _TIME,
            r"[^\s@]{1,64}@[^\s@]+\.[^\s@]+",
            r"(?:https?://|www\.)\S+",
            r"true|false|yes|ja|nein|oui|non",
            r"[a-z]{1,4}[-/ ]?\d{3,}[\w/-]*",
            r"[a-z]{2}\d{2}[ \da-z]{11,}",
        )
    ),
    re.IGNORECASE,
)
# A day with a word that may be a month in one of many languages.
_WRITTEN_DAY = re.compile(
    r"(?:[^\W\d_]{2,12}[.,]{0,2} )?\d{1,2}(?:\.|º|er)? (?:de )?[^\W\d_]{3,12}\.?,?(?: (?:de )?\d{2,4})?(?: ?г\.?)?"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_LABELS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        "|".join(
            (
                r"(?:19|20)\d\d(?:[-/.](?:19|20)?\d\d)?",
                r"(?:19|20)\d\d[-/.]\d\d[-/.]\d\d|\d{1,2}[./-]\d{1,2}[./-](?:\d{2}){1,2}",
                rf"{_MONTH}[ -]'?\d{{2,4}}|\d{{1,2}}[./]\d{{1,2}}\.?",
            )
        ),
        _MONTH,
        r"\d{1,2}(?:st|nd|rd|th|\.|º|ª|er|e|ème|:e)",
        r"[^\W\d_]{1,12}[-_ /]?\d{1,4}[a-z]?|[QHTW][1-4][ /-]?(?:\d{2,4})?|\d{4}[ -]?[QHT][1-4]",
    )
)
_SENTENCE = re.compile(r".*[.!?。！？؟…][\"'”’)]?\s*", re.DOTALL)
_LONGEST_VALUE = 80
_LONGEST_TITLE = 80
# Enough rows to judge a column by; judging all of a long paste would cost more than reading it.
_SAMPLE = 50


def is_value(text: str) -> bool:
    """Return True for a number, amount, date, time, address or code, which cells hold and headers seldom do."""
    if len(text) > _LONGEST_VALUE:
        return False
    text = text.strip()
    return _VALUE.fullmatch(text) is not None or (
        _WRITTEN_DAY.fullmatch(text) is not None and read_date(text) is not None
    )


def is_sentence(text: str) -> bool:
    return text.count(" ") >= 3 and _SENTENCE.fullmatch(text[-200:]) is not None


def is_unbalanced(text: str) -> bool:
    """Brackets opened in one cell and closed in another: code, cut where it should not be."""
    return any(text.count(a) != text.count(b) for a, b in ("()", "[]", "{}"))


def is_most(flags: Sequence[bool]) -> bool:
    return 2 * sum(flags) > len(flags)


def texts(rows: Sequence[Sequence[Cell]], column: int) -> list[str]:
    """Return the filled cells of a column; rows may be of different widths."""
    cells = (row[column] for row in rows if len(row) > column)
    return [cell.text for cell in cells if cell]


def has_header(rows: Sequence[Sequence[Cell]]) -> bool:
    """Return True when the first row names the columns: no cell of it is of the kind of the cells below it.

    `FY2024`, `2024-01`, `Jan`, `1st` and years are names too, over columns of another kind.
    """
    first, body = rows[0], rows[1 : _SAMPLE + 1]
    titles = [(column, cell.text) for column, cell in enumerate(first) if cell]
    if not body or 2 * len(titles) < len(first) or any(len(title) > _LONGEST_TITLE for _, title in titles):
        return False
    values = [title for _, title in titles if is_value(title)]
    if values and len(values) == len(titles) and not all(map(is_label, values)):
        return False
    return all(_is_title(title, texts(body, column)) for column, title in titles)


def _is_title(title: str, below: Sequence[str]) -> bool:
    if title in below:
        return False
    if not is_value(title):
        return True
    filled = [text for text in below if not is_null(text)]
    if not is_label(title):
        return False
    if _YEAR.fullmatch(title) and all(_YEAR.fullmatch(text) for text in filled):
        return False
    return not any(_label_kind(text) == _label_kind(title) for text in filled) or (
        _YEAR.fullmatch(title) is not None and all(map(is_value, filled))
    )


def is_label(text: str) -> bool:
    """Return True for a value that may name a column: a year, a month, a day, a quarter, an ordinal, `iso3`."""
    return _label_kind(text) is not None


def _label_kind(text: str) -> int | None:
    return next((kind for kind, pattern in enumerate(_LABELS) if pattern.fullmatch(text.strip())), None)


def has_value_column(rows: Sequence[Sequence[Cell]]) -> bool:
    """Return True when in some column every filled cell below the header, if there is one, is a value."""
    body = (rows[1:] if has_header(rows) else rows)[:_SAMPLE]
    columns = ([text for text in texts(body, column) if not is_null(text)] for column in range(max(map(len, body))))
    return any(column and all(map(is_value, column)) for column in columns)


def kind_of(text: str) -> str:
    """Return the kind of value that a text is, with its unit or currency; "" for words."""
    text = text.strip()
    if not is_value(text):
        return ""
    if _RATIO.fullmatch(text):
        return "ratio"
    if _DURATION.fullmatch(text):
        return "duration"
    if (label := _label_kind(text)) is not None and not _YEAR.fullmatch(text):
        return f"label {label}"
    if "@" in text or "://" in text or text.startswith("www."):
        return "address"
    if re.search(r"\d:\d\d|\d[-/.]\d{1,2}[-/.]\d|年|20\d\d", text) and not re.fullmatch(r"[\d.,' ]+", text):
        return "time"
    unit = "".join(re.findall(r"[^\W\d_]+|[€$£¥₹%]", text))
    return f"number {unit.casefold()}"
