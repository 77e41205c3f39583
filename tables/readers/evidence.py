"""Is it a value, a header, a sentence, or code? What tells a table from prose."""

import re
from collections.abc import Sequence

from tables.readers.spans import Cell

_CURRENCY = "€$£¥₹₽₩₺₴₪฿₫₦₱₿¢"
_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[^\W\d_]{0,6}\.?"
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[ap]m|\s?uhr)?(?:\s?z|\s?[+-]\d{2}:?\d{2})?"
_AMOUNT = (
    rf"[(+\-−–]?\s?(?:[a-z]{{3}}\s?|[{_CURRENCY}]\s?)?[+\-−–]?\.?\d[\d.,'’ \u00a0\u202f]*+"
    rf"(?:%|‰|[{_CURRENCY}]|[^\W\d_]{{1,5}}\.?|[^\W\d_]{{1,3}}[²³])?\)?"
)
_VALUE = re.compile(
    "|".join(
        (
            _AMOUNT,
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
_YEAR = re.compile(r"(?:19|20)\d\d")
_SENTENCE = re.compile(r".*[.!?。！？؟…][\"'”’)]?\s*", re.DOTALL)
_LONGEST_VALUE = 80
_LONGEST_TITLE = 80
# Enough rows to judge a column by; judging all of a long paste would cost more than reading it.
_SAMPLE = 50


def is_value(text: str) -> bool:
    """A number, amount, date, time, address or code: what stands in a cell and seldom in a header."""
    return len(text) <= _LONGEST_VALUE and _VALUE.fullmatch(text.strip()) is not None


def is_sentence(text: str) -> bool:
    return text.count(" ") >= 3 and _SENTENCE.fullmatch(text[-200:]) is not None


def is_unbalanced(text: str) -> bool:
    """Brackets opened in one cell and closed in another: code, cut where it should not be."""
    return any(text.count(a) != text.count(b) for a, b in ("()", "[]", "{}"))


def is_most(flags: Sequence[bool]) -> bool:
    return 2 * sum(flags) > len(flags)


def texts(rows: Sequence[Sequence[Cell]], column: int) -> list[str]:
    """The filled cells of a column; rows may be of different widths."""
    cells = (row[column] for row in rows if len(row) > column)
    return [cell.text for cell in cells if cell]


def has_header(rows: Sequence[Sequence[Cell]]) -> bool:
    """The first row names the columns: no value in it, nothing in it that comes again below."""
    first, body = rows[0], rows[1:]
    titles = [(column, cell.text) for column, cell in enumerate(first) if cell]
    if not body or 2 * len(titles) < len(first) or any(len(title) > _LONGEST_TITLE for _, title in titles):
        return False
    if any(is_value(title) for _, title in titles) and not _are_years(titles, body):
        return False
    return not any(title in texts(body[:_SAMPLE], column) for column, title in titles)


def has_value_column(rows: Sequence[Sequence[Cell]]) -> bool:
    """In some column every filled cell below the header, if there is one, is a value."""
    body = (rows[1:] if has_header(rows) else rows)[:_SAMPLE]
    columns = (texts(body, column) for column in range(max(map(len, body))))
    return any(column and all(map(is_value, column)) for column in columns)


def _are_years(titles: Sequence[tuple[int, str]], body: Sequence[Sequence[Cell]]) -> bool:
    """`Region,2023,2024` over numbers that are not years themselves."""
    years = [(column, title) for column, title in titles if is_value(title)]
    below = [text for column, _ in years for text in texts(body[:_SAMPLE], column)]
    return (
        len(years) < len(titles)
        and all(_YEAR.fullmatch(title) for _, title in years)
        and not all(_YEAR.fullmatch(text) for text in below)
    )
