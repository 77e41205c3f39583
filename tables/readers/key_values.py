"""`key: value` blocks: a block is a record, and blocks with the same keys are rows of one table."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tables.readers.evidence import is_most, is_sentence, kind_of
from tables.readers.marks import ITEM, NUMBERED_RULE, RULE
from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, Span, cell, grid
from tables.types.boolean_words import are_boolean
from tables.types.date_words import WEEKDAYS, fold

_PAIR = re.compile(
    r"(?P<lead>[ \t]*(?:[-*•–][ \t]+)?)(?P<bold>\*\*|__)?(?P<key>[^\W\d_][^:：|\t*]{0,39}?)"
    r"(?P<colon>[ \t]?(?::(?:\*\*|__)|(?:\*\*|__):|:)(?=[ \t]|$)|[ \t]?：(?:\*\*)?|(?<=[\u3400-\u9fff]):(?!//))"
)
_LEVELS = frozenset(["trace", "debug", "info", "notice", "warn", "warning", "error", "critical", "fatal"])
_SPEAKERS = frozenset(
    ["assistant", "user", "system", "human", "ai", "bot", "q", "a", "me", "you", "question", "answer"]
)
_DECLARATIONS = frozenset(["let", "var", "const", "val", "def", "final", "public", "private", "static"])
_DAYS = re.compile(
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:diens|donners|frei|sams|sonn)tag|montag|mittwoch|sonnabend"
    r"|(?:lun|mar|mercre|jeu|vendre|same)di|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
    r"|(?:lune|marte|mercole|giove|vener)d[iì]|sabato|domenica|(?:segunda|terça|quarta|quinta|sexta)(?:-feira)?"
    r"|(?:maan|dins|woens|donder|vrij|zater|zon)dag|poniedziałek|wtorek|środa|czwartek|piątek|sobota|niedziela"
    r"|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|(?:周|星期|礼拜)[一二三四五六日天]|[月火水木金土日]曜日?)"
    r"(?:[ ]?(?:[-–/,&]|to|bis|à|au|a|и|y|e|und|and|et)[ ]?[^\W\d_]{2,12})?",
    re.IGNORECASE,
)
_COUNTER = re.compile(r"\d+|(?<=第)[〇一二三四五六七八九十百]+|(?<=\s)(?:[ivx]+|[a-z])$")
_SPENT = re.compile(
    r"(?P<amount>[€$£]?\d[\d.,]{0,11}(?: ?[€$£]|(?: [A-Z]{3}))?) (?:for|on|für|pour|por|per|voor|за|na) "
    r"(?P<for>\S.{0,59})"
)
_MOST_WORDS = 6
_FEWEST_ALIKE, _MOST_INSTEAD = 3, 2


@dataclass(frozen=True, slots=True)
class _Pair:
    key: Span
    value: Cell
    line: int
    is_item: bool
    is_indented: bool


Block = list[_Pair]


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    table: list[Block] = []
    for block in _blocks(text, lines):
        if table and not (_is_next(table, block) and _adjoins(lines, table[-1][-1].line, block[0].line)):
            yield from _grids(lines, table)
            table = []
        if table or _is_block(lines, block):
            table.append(block)
    if table:
        yield from _grids(lines, table)


def _pair(text: str, line: Line, index: int) -> _Pair | None:
    match = _PAIR.match(line.text) if ":" in line.text or "：" in line.text else None
    if match is None or len(match["key"].split()) > _MOST_WORDS or "  " in match["key"]:
        return None
    key = cell(text, line.start + match.start("key"), line.start + match.end("key"))
    value = cell(text, line.start + match.end(), line.end)
    lead = match["lead"]
    return _Pair(key, value, index, bool(lead.strip()), lead.startswith((" ", "\t"))) if key else None


def _blocks(text: str, lines: Sequence[Line]) -> Iterator[Block]:
    """Pairs on adjacent lines; the first key again, or an item's mark, opens the next record."""
    block: Block = []
    for i, line in enumerate(lines):
        pair = _pair(text, line, i)
        if block and (pair is None or pair.is_item or pair.key.text == block[0].key.text):
            yield from _trimmed(block, pair is None and not line.is_blank)
            block = []
        if pair:
            block.append(pair)
    yield from _trimmed(block, False)


def _trimmed(block: Block, goes_on: bool) -> Iterator[Block]:
    """`Customer:` above the pairs is their caption, and `Action points:` below them that of what follows."""
    if len(block) > 1 and block[0].value is None:
        block = block[1:]
    if goes_on and len(block) > 1 and block[-1].value is None:
        block = block[:-1]
    if block:
        yield block


def _is_block(lines: Sequence[Line], block: Block) -> bool:
    """Two pairs or more that are not a talk, a log, code, a list, or a remark within a list's item."""
    keys = {pair.key.text.casefold() for pair in block}
    values = [pair.value.text for pair in block if pair.value]
    if len(keys) < 2 or len(values) < 2 or keys & _LEVELS or any(pair.is_item for pair in block[1:]):
        return False
    if len(keys) < len(block) or all(key.split()[0] in _DECLARATIONS for key in keys):
        return False
    if _are_steps(block):
        return False
    if keys <= _SPEAKERS or (len(keys) == 2 and any(value.endswith(("?", "？", "!")) for value in values)):
        return False
    if 2 * len(values) <= len(block) or (block[0].is_item and not block[1].is_indented):
        return False
    ends = {pair.key.end - lines[pair.line].start for pair in block}
    if not block[0].is_item and len({pair.is_indented for pair in block}) > 1 and len(ends) > 1:
        return False  # settings of a program, in sections
    if block[0].is_indented and block[0].line and ITEM.match(lines[block[0].line - 1].text):
        return False
    return not _is_prose_or_code(values)


def _are_steps(block: Block) -> bool:
    """Return True for keys that only count, `Step 1:`, over words: instructions in an order, and no record."""
    keys = [pair.key.text.casefold() for pair in block]
    stems = {_COUNTER.sub("", key).strip(" -.") for key in keys}
    return len(stems) == 1 < len(keys) and all(_COUNTER.search(key) for key in keys) and not _are_alike(block)


def _are_alike(block: Block) -> bool:
    """Return True for pairs that say the same of several things, `Oslo: 12`: all values are of one kind and unit."""
    kinds = {kind_of(pair.value.text) if pair.value else "" for pair in block}
    names = {pair.key.text.casefold() for pair in block}
    if len(names) == len(block) >= _FEWEST_ALIKE and all(
        _DAYS.fullmatch(name) or fold(name.rstrip(".")) in WEEKDAYS for name in names
    ):
        return True
    answers = frozenset(pair.value.text.casefold() for pair in block if pair.value)
    if len(names) == len(block) >= _FEWEST_ALIKE and are_boolean(answers, has_blanks=False):
        return True
    if len(names) < len(block) or len(block) < _FEWEST_ALIKE:
        return False
    if len(kinds) == 2 and "" in kinds and len(block) > _FEWEST_ALIKE:
        return _has_one_word(block)
    return len(kinds) == 1 and "" not in kinds


def _has_one_word(block: Block) -> bool:
    """Return True for a word such as `free` or `on request` in place of one price."""
    words = [pair.value.text if pair.value else "" for pair in block if not (pair.value and kind_of(pair.value.text))]
    return len(words) == 1 and words[0].count(" ") < _MOST_INSTEAD and not any(map(str.isdigit, words[0]))


def _spent(block: Block) -> list[list[Cell]]:
    """Return names, amounts and purposes of pairs such as `Ana: 30 for gas`; none when one of them is no such pair."""
    rows: list[list[Cell]] = []
    for pair in block:
        match = _SPENT.fullmatch(pair.value.text) if pair.value else None
        if match is None or pair.value is None:
            return []
        parts = [
            (pair.value.start + match.start(name), pair.value.start + match.end(name)) for name in ("amount", "for")
        ]
        rows.append([pair.key, *(Span(match[n], *part) for n, part in zip(("amount", "for"), parts, strict=True))])
    return rows if len(rows) >= _FEWEST_ALIKE else []


def _is_prose_or_code(values: Sequence[str]) -> bool:
    return (
        is_most([is_sentence(value) for value in values])
        or all(value.endswith((".", "!", "?", "。", "！", "？")) for value in values)
        or is_most([value.endswith((";", ",", "{", ":", "：")) for value in values])
    )


def _is_next(table: Sequence[Block], block: Block) -> bool:
    known = {pair.key.text for earlier in (table[0], table[-1]) for pair in earlier}
    keys = {pair.key.text for pair in block}
    return keys <= known or (block[0].key.text == table[0][0].key.text and 2 * len(keys & known) >= len(keys))


def _adjoins(lines: Sequence[Line], above: int, below: int) -> bool:
    between = (line.text for line in lines[above + 1 : below] if not line.is_blank)
    return all(RULE.fullmatch(content) or NUMBERED_RULE.fullmatch(content) for content in between)


def _grids(lines: Sequence[Line], table: Sequence[Block]) -> Iterator[Grid]:
    """Yield the table of blocks; a key that comes twice in a record is two columns."""
    header: dict[tuple[str, int], Span] = {}
    records: list[dict[tuple[str, int], Cell]] = []
    for block in table:
        record: dict[tuple[str, int], Cell] = {}
        counts: dict[str, int] = {}
        for pair in block:
            column = (pair.key.text, counts.setdefault(pair.key.text, 0))
            counts[pair.key.text] += 1
            if column in header or len(header) < MAX_COLUMNS:
                header.setdefault(column, pair.key)
                record[column] = pair.value
        records.append(record)
    extent = (lines[table[0][0].line].start, lines[table[-1][-1].line].end)
    if len(table) == 1 and (spent := _spent(table[0])):
        if result := grid("key_value", ("Item", "Amount", "For"), spent, extent):
            yield result
        return
    if len(table) == 1 and _are_alike(table[0]):
        pairs: list[list[Cell]] = [[pair.key, pair.value] for pair in table[0]]
        if result := grid("key_value", ("Item", "Value"), pairs, extent):
            yield result
        return
    rows = [[record.get(column) for column in header] for record in records[:MAX_ROWS]]
    if result := grid("key_value", list(header.values()), rows, extent):
        yield result
