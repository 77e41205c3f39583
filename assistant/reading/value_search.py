"""Search of a text for spans that say a value, compared through the column's type and not letter by letter."""

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from tables.types.dates import ORDERS
from tables.types.types import NUMERIC_TYPES, CellError, Column, ColumnType, Value, parse

MAX_DATE_WORDS = 6  # "Wednesday, the 3rd of March 2026" has as many
MAX_TOKENS = 2_000  # that are compared in one search

_NUMBER = re.compile(r"[(\-\u2212\u2013+]?\s?(?:\d(?:[\d.,'\u2019\u00a0\u202f]*\d)?)\s?[%)kKmMbB]?")
_SPACED_NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?")
_WORD = re.compile(r"\S+")
_DIGIT = re.compile(r"\d")
_EDGES = "*_`~\"'\u201c\u201d\u00ab\u00bb()[]{}<>,;:!?."
_MARKUP = re.compile(r"[*_`~]|[^\w\s]+$")
_FORMS = {  # of quotation marks, apostrophes and dashes
    '"': '"\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02',
    "'": "'\u2018\u2019\u201a\u02bc",
    "-": "-\u2010\u2011\u2012\u2013\u2014\u2212",
}
_TYPOGRAPHY = str.maketrans({form: plain for plain, forms in _FORMS.items() for form in forms})
_SIGN_OF_MARKUP = re.compile(r"[<&{\\\[\"\n]")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?-->", re.DOTALL)
_NOTE = re.compile(r"<(ref|sup)\b[^>]*>.*?(?:</\1>|$)", re.DOTALL | re.IGNORECASE)
_FOLD = re.compile(r"=?\r?\n[ \t](?=\S)")  # of vCard and iCalendar
_WIKI_LINK = re.compile(r"\[\[(?:[^\]|]*\|)?([^\]|]*)\]\]")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_ESCAPE = re.compile(r"\\(?:[a-zA-Z]+(?=\{)|([^\w\s]))")  # \textbf{…}, \&
_DAYS = frozenset({ColumnType.DATE, ColumnType.DATETIME})
_DECIMAL_MARKS = (".", ",")

# Small counts are written out in running text: "we took two".
_COUNTS = {
    word: number
    for words in (
        "one two three four five six seven eight nine ten eleven twelve",
        "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
        "un deux trois quatre cinq six sept huit neuf dix onze douze",
        "uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
        "uno due tre quattro cinque sei sette otto nove dieci undici dodici",
        "um dois três quatro cinco seis sete oito nove dez onze doze",
        "een twee drie vier vijf zes zeven acht negen tien elf twaalf",
        "en två tre fyra fem sex sju åtta nio tio elva tolv",
        "один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
    )
    for number, word in enumerate(words.split(), 1)
} | {
    "eine": 1,
    "einen": 1,
    "une": 1,
    "una": 1,
    "uma": 1,
    "duas": 2,
    "две": 2,
    "одна": 1,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
}

Span = tuple[int, int]


def reads_as(column: Column, text: str, value: Value) -> bool:
    """Return whether a text, in any way of writing that the column's type knows, is this value; markup is no part."""
    if _says(column, text, value):
        return True
    return _SIGN_OF_MARKUP.search(text) is not None and _says(column, without_markup(text), value)


def without_markup(text: str) -> str:
    """Return the words of HTML, XML, wiki, Markdown, LaTeX, escaped and folded text."""
    text = _TAG.sub(" ", _NOTE.sub("", _FOLD.sub("", text)))
    text = _LINK.sub(r"\1", _WIKI_LINK.sub(r"\1", html.unescape(text)))
    return (
        _ESCAPE.sub(lambda escape: escape[1] or "", text).replace("{", "").replace("}", "").replace('""', '"').strip()
    )


def _says(column: Column, text: str, value: Value) -> bool:
    return any(_equal(column, _parsed(variant, text), value) for variant in _variants(column)) or (
        column.type is ColumnType.INTEGER and _COUNTS.get(text.strip(_EDGES).casefold()) == value
    )


def nearly_reads_as(column: Column, text: str, value: Value) -> bool:
    """Return whether a text is the value but for its form: "€4,10" for the text "4.10", "3 March" for a full date."""
    if column.type in _DAYS:
        return reads_as(column, f"{text} {str(value)[:4]}", value)
    if column.type in NUMERIC_TYPES or not isinstance(value, str):
        return False
    as_number = replace(column, type=ColumnType.DECIMAL, format=None)
    number = _parsed(as_number, value)
    return number is not None and first_span(as_number, number, text) is not None


def first_span(column: Column, value: Value, text: str, start: int = 0, end: int | None = None) -> Span | None:
    """Return the first span of text[start:end] that says the value, or None."""
    return next(spans(column, value, text, start, end), None)


def spans(column: Column, value: Value, text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield the spans of text[start:end] that say the value, from left to right; [a, b] in code points of `text`."""
    stop = len(text) if end is None else end
    if column.type in NUMERIC_TYPES:
        candidates = _number_spans(column, text, start, stop)
    elif column.type in _DAYS:
        candidates = _date_spans(text, start, stop)
    elif column.type is ColumnType.BOOLEAN:
        candidates = _word_spans(text, start, stop)
    else:
        yield from _text_spans(value, text, start, stop)
        return
    for count, (first, last) in enumerate(candidates):
        if count >= MAX_TOKENS:
            return
        if reads_as(column, text[first:last], value):
            yield first, last


def _number_spans(column: Column, text: str, start: int, end: int) -> Iterator[Span]:
    matched = [match.span() for match in _NUMBER.finditer(text, start, end)]
    matched += [match.span() for match in _SPACED_NUMBER.finditer(text, start, end)]
    if column.type is ColumnType.INTEGER:
        matched += [span for span in _word_spans(text, start, end) if text[span[0] : span[1]].casefold() in _COUNTS]
    for first, last in sorted(matched):
        yield _stripped(text, first, last)
        inner = text[first:last].strip("()-\u2212\u2013+%kKmMbB \u00a0\u202f")
        offset = text.find(inner, first)
        if inner and (offset, offset + len(inner)) != _stripped(text, first, last):
            yield offset, offset + len(inner)


def _stripped(text: str, first: int, last: int) -> Span:
    part = text[first:last]
    return first + len(part) - len(part.lstrip()), last - (len(part) - len(part.rstrip()))


def _word_spans(text: str, start: int, end: int) -> Iterator[Span]:
    for match in _WORD.finditer(text, start, end):
        inner = match[0].strip(_EDGES)
        first = match.start() + (match[0].find(inner) if inner else 0)
        yield (first, first + len(inner)) if inner else match.span()


def _date_spans(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield runs of up to MAX_DATE_WORDS words on one line with a digit in them, the longest from each word first."""
    for line in re.finditer(r"[^\n]+", text[start:end]):
        if _DIGIT.search(line[0]) is None:
            continue
        words = list(_word_spans(text, start + line.start(), start + line.end()))
        numbers = [index for index, span in enumerate(words) if _DIGIT.search(text, *span)]
        for index, (first, _) in enumerate(words):
            following = bisect_left(numbers, index)
            if following == len(numbers):
                break
            # Runs shorter than up to the next number have no digit in them.
            for last in range(min(index + MAX_DATE_WORDS, len(words)), numbers[following], -1):
                yield first, words[last - 1][1]


def _text_spans(value: Value, text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the places of a text, or the whole range when it has every item of a list."""
    if isinstance(value, list):
        if value and all(next(_text_spans(item, text, start, end), None) for item in value):
            yield _stripped(text, start, end)
        return
    words = str(value).split() if value is not None else []
    if not words:
        return
    pattern = re.compile(r"\s+".join(map(_escaped, words)), re.IGNORECASE)
    for match in pattern.finditer(text, start, end):
        if not _is_part_of_word(text, *match.span()):
            yield match.span()


def _escaped(word: str) -> str:
    """Return the pattern of a word; quotation marks, apostrophes and dashes match their other forms."""
    plain = word.translate(_TYPOGRAPHY)
    return "".join(f"[{re.escape(_FORMS[mark])}]" if mark in _FORMS else re.escape(mark) for mark in plain)


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    """Return whether letters or digits go on at either side; scripts without spaces between words never do."""
    before, behind = text[max(0, start - 1) : start], text[end : end + 1]
    if not any(map(str.isalnum, text[start:end])):  # a dash for no value is no hyphen
        return before.isalnum() or behind.isalnum()
    return _continues(before, text[start]) or _continues(text[end - 1], behind)


def _continues(left: str, right: str) -> bool:
    return left.isalnum() and right.isalnum() and max(left, right) < "\u0e00"


def _variants(column: Column) -> Iterator[Column]:
    """Yield the column as it is, then in the other ways of writing that its type has."""
    yield column
    if column.type in NUMERIC_TYPES:
        code = (column.format or "")[:3] if column.type is ColumnType.CURRENCY else ""
        for mark in _DECIMAL_MARKS:
            yield replace(column, format=f"{code} {mark}".strip() if code else mark)
        if column.type is ColumnType.CURRENCY:
            yield replace(column, format=None)
    elif column.type in _DAYS:
        for order in ORDERS:
            yield replace(column, format=order)


def _parsed(column: Column, text: str) -> Value:
    try:
        return parse(column, text)
    except CellError:
        return None


def _equal(column: Column, read: Value, value: Value) -> bool:
    if read is None or value is None:
        return False
    if column.type in NUMERIC_TYPES:
        try:
            return Decimal(str(read)) == Decimal(str(value))
        except InvalidOperation:
            return False
    if isinstance(read, list) or isinstance(value, list):
        return _folded_items(read) == _folded_items(value)
    return folded_text(str(read)) == folded_text(str(value))


def _folded_items(value: Value) -> set[str]:
    return {folded_text(str(item)) for item in (value if isinstance(value, list) else [value])}


def folded_text(text: str) -> str:
    """Return a text without regard to case, spaces, typographic marks and the emphasis marks of Markdown."""
    return " ".join(_MARKUP.sub("", text.translate(_TYPOGRAPHY)).split()).casefold()
