"""Names with a number behind each, line by line and with nothing drawn between them: `Oslo 709`, `牛乳 200ml`."""

import re
from collections.abc import Iterator, Sequence

from tables.readers import evidence
from tables.readers.captions import index_above
from tables.readers.spans import Cell, Grid, Line, Span, cell, grid

_LINE = re.compile(
    r"[ \t]*+(?P<bullet>[-*•–][ \t]++)?"
    r"(?P<name>[^\W\d_](?:[^\n:：|\t;!?。<>={}\[\]\"]{0,48}?[^\s:,;.(+])?)[ \t\u3000]++"
    r"(?P<number>(?:[-−]|\+[ ]?)?\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})*(?:[.,]\d{1,2}-?)?|[-+−]?\d+(?:[.,]\d+)?)"
    r"(?P<unit>[ ]?%|[ \u00a0]?[^\W\d_]{1,4}[²³]?\.?)?[ \t]*+"
)
_ENDS_IN_NUMBER = re.compile(r"\d[ ]?(?:%|[^\W\d_]{1,4}[²³]?\.?)?[ \t]*$", re.MULTILINE)
# Houses, rooms and chapters have numbers too, and no one counts them.
_NUMBERED = re.compile(
    r"(?:stra(?:ß|ss)e|str\.?|weg|platz|allee|gasse|ring|ufer|damm|street|st\.?|road|rd\.?|avenue|ave\.?|lane|square"
    r"|room|floor|house|page|chapter|section|part|step|figure|table|version|level|zimmer|raum|seite|kapitel|teil|schritt"
    r"|abschnitt|stufe|page|chapitre|partie|étape|página|capítulo|paso|capitolo|pagina|глава|стр\.|часть|ул\.|кв\.|д\.)",
    re.IGNORECASE,
)
_CHAPTER = re.compile(rf"(?:{_NUMBERED.pattern})[ ]\d{{1,3}}[ ]\D", re.IGNORECASE)
_HAS_DIGIT = re.compile(r"\d")
_UNIT_LIST = "% g kg mg ml cl dl l cm m mm km h min s € $ 個 本 枚 杯 匹 袋 人 名 件 个 只 瓶 包 개 명 шт г кг л"
_UNITS = frozenset(["", *_UNIT_LIST.split()])
_FEWEST, _LONGEST, _MOST_WORDS, _MOST_BULLETED = 3, 70, 4, 2
_YEARS = re.compile(r"(?:19|20)\d\d")

Found = tuple[Line, re.Match[str]]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    if _ENDS_IN_NUMBER.search(text, lines[0].start, lines[-1].end) is None:
        return
    run: list[Found] = []
    for index, line in enumerate(lines):
        match = _LINE.fullmatch(line.text) if _FEWEST < len(line.text) <= _LONGEST else None
        if match and _is_short(match):
            run.append((line, match))
        else:
            yield from _table(text, lines, run, index)
            run = []
    yield from _table(text, lines, run, len(lines))


def _is_short(match: re.Match[str]) -> bool:
    return match["name"].count(" ") < (_MOST_BULLETED if match["bullet"] else _MOST_WORDS)


def _table(text: str, lines: Sequence[Line], run: Sequence[Found], after: int) -> Iterator[Grid]:
    if len(run) < _FEWEST or not _are_counts(run):
        return
    if after < len(lines) and not lines[after].is_blank and len(run) == _FEWEST:
        return  # three lines of a longer text
    rows: list[list[Cell]] = []
    for line, match in run:
        end = match.end("unit") if match["unit"] else match.end("number")
        name = cell(text, line.start + match.start("name"), line.start + match.end("name"))
        rows.append([name, cell(text, line.start + match.start("number"), line.start + end)])
    titles = _titles(text, lines, after - len(run)) or ("Item", "Value")
    if result := grid("list", titles, rows, (run[0][0].start, run[-1][0].end)):
        yield result


def _are_counts(run: Sequence[Found]) -> bool:
    """Return True unless the numbers number what stands before them, or the lines are pieces of sentences."""
    names = [match["name"] for _, match in run]
    numbers = [match["number"] for _, match in run]
    units = {(match["unit"] or "").strip().casefold() for _, match in run}
    if len({name.casefold() for name in names}) < len(names) or any(
        evidence.is_value(name) and _HAS_DIGIT.search(name) for name in names
    ):
        return False
    if numbers[0].isdigit() and numbers == [str(int(numbers[0]) + n) for n in range(len(numbers))]:
        return all(map(_YEARS.fullmatch, numbers))
    if evidence.is_most(
        [_NUMBERED.search(name.split()[-1]) is not None or _CHAPTER.match(name) is not None for name in names]
    ):
        return False
    # More units are words that happen to stand behind a number.
    return len(units - _UNITS) <= 2 and not evidence.is_most(
        [name[0].islower() and name[0].isascii() for name in names]
    )


def _titles(text: str, lines: Sequence[Line], first: int) -> tuple[Span, Span] | None:
    """Return the two names of a line above: `City, number of lockers:`."""
    above = index_above(lines, first)
    if above is None:
        return None
    line = lines[above]
    content = line.text.rstrip(" \t:：")
    parts = re.split(r"[,，/、]", content)
    if len(parts) != 2 or len(content) > _LONGEST or any(not part.strip() or part.count(" ") > 3 for part in parts):
        return None
    at = line.start + len(parts[0])
    named = cell(text, line.start, at), cell(text, at + 1, line.start + len(content))
    return (named[0], named[1]) if named[0] and named[1] else None
