"""Names and values with a mark between them, line by line: `Cats - 1/5`, `Ada – Herons`, `Lions 3-1 Bears`."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tables.readers import evidence, tabular
from tables.readers.marks import item
from tables.readers.spans import Cell, Grid, Line, cell, grid
from tables.types.boolean_words import FALSE_WORDS, TRUE_WORDS
from tables.types.null_words import is_null

_CHECKS = "✓✔✅☑✗✘❌☒"
_DASH, _SLASH = re.compile(r"[ \t]+(?:[-–—→]|->|=>)[ \t]+"), re.compile(r"[ \t]+/[ \t]+")
# `Anna ✓` and `Bleach (2.50)`.
_END = re.compile(
    rf"(?P<name>\S.{{0,99}}?)[ \t:]+(?P<open>\()?(?P<value>[{_CHECKS}]\ufe0f?|(?<=\()[^()]{{1,20}})(?(open)\))[ \t]*"
)
_SCORE = re.compile(r"(?P<home>\D{2,40}?)[ ]+(?P<score>\d{1,3}[ ]?[-–:][ ]?\d{1,3})[ ]+(?P<away>\D{2,40})")
_ANSWER = re.compile(r"(?P<question>[^?]{3,100}\?)[ \t]+(?P<answer>[^?!.]{1,40})")
_WHOLE = {"score": _SCORE, "answer": _ANSWER, "end": _END}
_TITLES = {"score": ("Home", "Score", "Away"), "answer": ("Question", "Answer")}
_YES_OR_NO = TRUE_WORDS | FALSE_WORDS
_NUMBERED, _DIGITS = re.compile(r"(?:[^\W\d_]{1,8}[ .]?)?\d{1,3}\b"), re.compile(r"\d+")
_SENTENCE_END = re.compile(r"[.!?,;:…。！？][\"'”’)]*\Z")
_FEWEST, _FEWEST_WORDED, _LONGEST, _LONGEST_PART, _MOST_COLUMNS = 3, 4, 150, 50, 6
_MOST_WORDS, _MOST_SHORT_WORDS = 6, 3
_VALUE_SHARE = 4  # all but one in so many are values


class _Row(NamedTuple):
    form: str
    parts: list[tuple[int, int]]  # ranges in the text


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    run: list[_Row] = []
    for line in lines:
        row = _row(line)
        if row is None or (run and (row.form, len(row.parts)) != (run[0].form, len(run[0].parts))):
            yield from _table(text, run)
            run = []
        if row:
            run.append(row)
    yield from _table(text, run)


def _row(line: Line) -> _Row | None:
    content = line.text
    if not 0 < len(content) <= _LONGEST or "  " in content.strip() or item(content) or "|" in content:
        return None
    at = line.start
    for form, pattern in (("dash", _DASH), ("slash", _SLASH)):
        cuts = [match.span() for match in pattern.finditer(content)]
        if (1 if form == "dash" else 2) <= len(cuts) < _MOST_COLUMNS:
            starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(content)]
            return _Row(form, [(at + start, at + end) for start, end in zip(starts, ends, strict=True)])
    for form, pattern in _WHOLE.items():
        if match := pattern.fullmatch(content):
            names = [name for name in pattern.groupindex if name != "open"]
            return _Row(form, [(at + match.start(name), at + match.end(name)) for name in names])
    return None


def _table(text: str, run: Sequence[_Row]) -> Iterator[Grid]:
    if len(run) < _FEWEST:
        return
    form = run[0].form
    rows: list[list[Cell]] = [[cell(text, *part) for part in row.parts] for row in run]
    if not all(part and (len(part.text) <= _LONGEST_PART or form == "answer") for row in rows for part in row):
        return
    names, *columns = ([part.text for part in column if part] for column in zip(*rows, strict=True))
    if not all(any(map(str.isalpha, name)) for name in names):
        return
    if form != "score" and (len(set(names)) < len(names) or not _are_parts(form, names, columns)):
        return
    extent = (run[0].parts[0][0], run[-1].parts[-1][1])
    titles = _TITLES.get(form) or (("Item", "Value") if len(columns) == 1 else ())
    if table := grid("list", titles, rows, extent) if titles else tabular.table("list", rows, extent):
        yield table


def _are_parts(form: str, names: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    if form == "answer":
        return _are_answers(names, columns[0])
    return _are_valued(names, columns) or (form == "dash" and _are_worded(names, columns))


def _are_answers(questions: Sequence[str], answers: Sequence[str]) -> bool:
    """Return True for a form, which numbers its questions or has values for answers; a talk does neither."""
    are_values = [evidence.is_value(text) or is_null(text) or text.casefold() in _YES_OR_NO for text in answers]
    return all(map(_NUMBERED.match, questions)) or evidence.is_most(are_values)


def _are_valued(names: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return True for short names with values in one column, one word among them for those without any: `free`."""
    if any(name.count(" ") >= _MOST_WORDS for name in names):
        return False
    for column in columns:
        values = [evidence.is_value(text) or is_null(text) or text[0] in _CHECKS for text in column]
        others = [text for text, is_value in zip(column, values, strict=True) if not is_value]
        if len(others) * _VALUE_SHARE <= len(column) and all(text.count(" ") < _MOST_SHORT_WORDS for text in others):
            return True
    return False


def _are_worded(names: Sequence[str], columns: Sequence[Sequence[str]]) -> bool:
    """Return True for a few short words on both sides, as lists of groups and of vocabulary have them."""
    texts = [*names, *(text for column in columns for text in column)]
    if len({_DIGITS.sub("", name) for name in names}) == 1:
        return False  # `Step 1 - Open`
    return (
        len(names) >= _FEWEST_WORDED
        and all(text.count(" ") < _MOST_SHORT_WORDS for text in texts)
        and not any(map(_SENTENCE_END.search, texts))
    )
