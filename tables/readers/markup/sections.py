"""Sections with the same settings, in INI files and YAML maps: `[web]` over `port = 80`, `web:` over `port: 80`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tables.readers.spans import MAX_COLUMNS, MAX_ROWS, Cell, Grid, Line, Span, cell, grid

_HEADING = re.compile(r"(?P<open>\[{1,2})(?P<name>[^\[\]\n]{1,80})\]{1,2}[ \t]*")
_SETTING = re.compile(r"(?P<key>[^\W\d][\w .-]{0,39}?)[ \t]*=[ \t]*(?P<value>[^\n]*?)[ \t]*")
_RECORD = re.compile(r"-\[ RECORD \d{1,7} \][-+]*[ \t]*")
_BARRED = re.compile(r"(?P<key>[^\W\d][\w ?.-]{0,59}?)[ ]*\|[ ]?(?P<value>[^\n]*?)[ \t]*")
_ALIGNED = re.compile(r"[ ]*(?P<key>[^\W\d][\w.-]{0,39}) = (?P<value>[^\n]*?)[ \t]*")
_PARENT = re.compile(r"(?P<indent>[ ]*)(?P<key>[\"']?[^\W][\w .@/-]{0,59}?[\"']?):[ \t]*")
_CHILD = re.compile(r"(?P<indent>[ ]+)(?P<key>[^\W\d][\w .-]{0,39}?):[ \t]+(?P<value>[^\n]*?[^\s,;{])[ \t]*")
_COMMENT = re.compile(r"[ \t]*[#;].*")
_QUOTED = re.compile(r"(?P<mark>[\"'])(?P<inside>[^\"'\n]*)(?P=mark)")
_FEWEST = 2
_CODE_END = ("{", "(", ";", ",")


@dataclass(slots=True)
class _Section:
    name: Cell
    start: int
    end: int
    indent: int = 0
    parent: Cell = None
    settings: dict[str, tuple[Span, Cell]] = field(default_factory=dict)


def read(text: str, lines: Sequence[Line]) -> Iterator[Grid]:
    for sections in (_ini(text, lines), _yaml(text, lines), _records(text, lines), _expanded(text, lines)):
        run: list[_Section] = []
        for section in sections:
            if run and not _is_alike(run, section):
                yield from _table(run)
                run = []
            run.append(section)
        yield from _table(run)


def _ini(text: str, lines: Sequence[Line]) -> Iterator[_Section]:
    """Yield the sections under names in brackets."""
    section: _Section | None = None
    for line in lines:
        heading = _HEADING.fullmatch(line.text) if line.text[:1] == "[" else None
        setting = _SETTING.fullmatch(line.text) if section and "=" in line.text else None
        if heading:
            if section:
                yield section
            name = cell(text, line.start + heading.start("name"), line.start + heading.end("name"))
            section = _Section(name, line.start, line.end)
        elif section and setting:
            _add(text, section, line, setting)
        elif section and not line.is_blank and not _COMMENT.fullmatch(line.text):
            yield section
            section = None
    if section:
        yield section


def _yaml(text: str, lines: Sequence[Line]) -> Iterator[_Section]:
    """Yield the maps that have nothing but plain values, each with the name of the map that it is in."""
    section: _Section | None = None
    parents: list[tuple[int, Cell]] = []
    for line in lines:
        if ":" not in line.text:
            if section and not line.is_blank and not _COMMENT.fullmatch(line.text):
                yield section
                section = None
            continue
        parent, child = _PARENT.fullmatch(line.text), _CHILD.fullmatch(line.text)
        if parent:
            if section:
                yield section
            indent = len(parent["indent"])
            parents = [known for known in parents if known[0] < indent]
            name = cell(text, line.start + parent.start("key"), line.start + parent.end("key"))
            section = _Section(name, line.start, line.end, indent, parents[-1][1] if parents else None)
            parents.append((indent, name))
        elif section and child and len(child["indent"]) > section.indent:
            _add(text, section, line, child)
        elif section:
            yield section
            section = None
    if section:
        yield section


def _records(text: str, lines: Sequence[Line]) -> Iterator[_Section]:
    """Yield the records of databases that print a line for each value, with the equals signs below each other."""
    section: _Section | None = None
    edge = -1
    for line in lines:
        setting = _ALIGNED.fullmatch(line.text) if " = " in line.text else None
        if section and (setting is None or setting.start("value") != edge):
            yield section
            section = None
        if setting:
            if section is None and not (edge < 0 or edge == setting.start("value")):
                return
            edge = setting.start("value")
            section = section or _Section(None, line.start, line.end)
            _add(text, section, line, setting)
    if section:
        yield section


def _expanded(text: str, lines: Sequence[Line]) -> Iterator[_Section]:
    """Yield the records of PostgreSQL's expanded prints, each below `-[ RECORD 1 ]---`."""
    section: _Section | None = None
    for line in lines:
        is_heading = line.text[:2] == "-[" and _RECORD.fullmatch(line.text) is not None
        setting = _BARRED.fullmatch(line.text) if section and "|" in line.text else None
        if section and setting:
            _add(text, section, line, setting)
        elif section:
            yield section
            section = None
        if is_heading:
            section = _Section(None, line.start, line.end)
    if section:
        yield section


def _add(text: str, section: _Section, line: Line, match: re.Match[str]) -> None:
    key = cell(text, line.start + match.start("key"), line.start + match.end("key"))
    start, end = line.start + match.start("value"), line.start + match.end("value")
    if quoted := _QUOTED.fullmatch(text, start, end):
        start, end = quoted.span("inside")
    if key and key.text not in section.settings:
        section.settings[key.text] = (key, cell(text, start, end))
        section.end = line.end


def _is_alike(run: Sequence[_Section], section: _Section) -> bool:
    """Return True for a section beside those above it that has most of their settings."""
    first, last = run[0], run[-1]
    if (section.indent, section.parent) != (first.indent, first.parent) or not section.settings:
        return False
    known = first.settings.keys() | last.settings.keys()
    shared = len(known & section.settings.keys())
    return 2 * shared >= len(section.settings) and 2 * shared >= len(first.settings)


def _are_right_aligned(run: Sequence[_Section]) -> bool:
    """Return True for names that end below each other, at equal distance from the line's start."""
    keys = [key for section in run for key, _ in section.settings.values()]
    return len({key.end - key.start for key in keys}) > 1


def _table(run: Sequence[_Section]) -> Iterator[Grid]:
    run = [section for section in run if section.settings][:MAX_ROWS]
    if len(run) < _FEWEST or max(len(section.settings) for section in run) < _FEWEST:
        return
    if run[0].name is None and not _are_right_aligned(run):
        return
    if any(value and value.text.endswith(_CODE_END) for section in run for _, value in section.settings.values()):
        return
    keys: dict[str, Span] = {}
    for section in run:
        for name, (key, _) in section.settings.items():
            if len(keys) < MAX_COLUMNS:
                keys.setdefault(name, key)
    shared = set.intersection(*(set(section.settings) for section in run))
    if not shared:
        return
    nothing = (None, None)
    names: list[Span | str | None]
    rows: list[list[Cell]]
    if len({section.name.text if section.name else "" for section in run}) == 1:
        # `[[products]]` over each product.
        rows = [[section.settings.get(name, nothing)[1] for name in keys] for section in run]
        names = list(keys.values())
    else:
        rows = [[section.name, *(section.settings.get(name, nothing)[1] for name in keys)] for section in run]
        names = [run[0].parent or "Section", *keys.values()]
    if table := grid("key_value", names, rows, (run[0].start, run[-1].end)):
        yield table
