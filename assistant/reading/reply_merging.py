"""Merging of a reply's tables with those that the person gave: the person's own words come first.

A table of the reply that has the rows of a given table confirms it, and may add rows, columns and cells. Where both say
something about a cell, the person's value stays, and a note tells what the reply says.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

from assistant.reading.column_mapping import cell_in_column, folded
from assistant.reading.extraction import ProposedCell, ProposedTable, unique
from assistant.reading.reply_cleanup import GENERATED_NAME, counts_rows, with_header, without_index, without_summary
from assistant.reading.reply_grounding import PersonTexts, ground_table, has_person_cells
from assistant.reading.table_matching import TableMatch, is_filled, match_tables
from tables.types.types import NUMERIC_TYPES, Column, ColumnType

MIN_RECORD = 3  # keys of a record that is no remark
MIN_ROWS = 2  # of a given table that stays beside a reply with a table of its own
MAX_CONFLICT_NOTES = 5
LIST_KINDS = frozenset({"list", "key_value", "log"})  # remarks in a reply look like these
GUESSED_KINDS = LIST_KINDS | {"aligned", "receipt", "lines"}  # layouts whose cells the readers have to guess
REPLY_SOURCE = 1  # of a merged table's cells: 0 is the given table's own text, 2 the first of the person's texts

_MEASURES = NUMERIC_TYPES | {ColumnType.BOOLEAN, ColumnType.DATE, ColumnType.DATETIME}

Cells = tuple[ProposedCell | None, ...]


def merge_reply(
    person: PersonTexts, given_tables: Sequence[ProposedTable], reply_tables: Sequence[ProposedTable]
) -> tuple[list[ProposedTable], list[ProposedTable]]:
    """Return the tables of the person, with what the reply adds to them, and those that only the reply has.

    Cells of the former are numbered by source as in REPLY_SOURCE, those of the latter as in PersonTexts. A table that
    the reply arranges in another way than the readers replaces theirs.
    """
    stored = list(given_tables)
    confirmed, own = set[int](), list[ProposedTable]()
    for table in _tables_asked_for(given_tables, reply_tables):
        named = with_header(table, given_tables)
        # Searching a long text for each cell takes seconds, and what only repeats a given table needs no source.
        repeated = without_index(person, given_tables, without_summary(named))
        matched = _best_match(repeated, stored)
        if matched is not None and _is_contained(repeated, stored[matched[0]], matched[1]):
            stored[matched[0]] = _merged(stored[matched[0]], repeated, matched[1]) or stored[matched[0]]
            confirmed.add(matched[0])
            continue
        grounded = ground_table(person, named)
        if has_person_cells(grounded):  # a rank may be asked for, where the model makes the table up
            grounded = ground_table(person, without_index(person, given_tables, without_summary(grounded)))
        matched = _best_match(grounded, stored)
        if matched is not None and (merged := _merged(stored[matched[0]], grounded, matched[1])):
            stored[matched[0]] = merged
            confirmed.add(matched[0])
        else:
            own.append(grounded)
    is_told = bool(confirmed) or any(map(has_person_cells, own))
    return [
        table
        for index, table in enumerate(stored)
        # The reply tells which tables are meant: a stray line that only looks like one is none of them.
        if index in confirmed
        or not ((is_told and _is_weak(table)) or any(_comes_from(other, table, person) for other in own))
    ], own


def is_repeated(table: ProposedTable, given_tables: Sequence[ProposedTable]) -> bool:
    """Return whether a table of a reply, perhaps an unfinished one, adds nothing to what was given."""
    return any(
        match is not None and len(match.rows) == len(table.rows)
        for match in (match_tables(table, other) for other in given_tables)
    )


def _tables_asked_for(originals: Sequence[ProposedTable], reply: Sequence[ProposedTable]) -> Sequence[ProposedTable]:
    """Return the reply's drawn tables; lists of measured things count only where neither side has anything else."""
    drawn = [table for table in reply if table.kind not in LIST_KINDS or _has_records(table)]
    return drawn or ([] if originals else [table for table in reply if _has_measures(table)])


def _has_records(table: ProposedTable) -> bool:
    """Return whether a table is of several whole records, as YAML has them; remarks are no such."""
    is_wide = table.kind == "key_value" and len(table.columns) >= MIN_RECORD and len(table.rows) >= MIN_ROWS
    return is_wide and all(all(map(is_filled, row)) for row in table.rows)


def _has_measures(table: ProposedTable) -> bool:
    """Return whether a column has amounts, dates or checks, and not only the numbers of steps."""
    return any(column.type in _MEASURES and not counts_rows(table, index) for index, column in enumerate(table.columns))


def _best_match(table: ProposedTable, originals: Sequence[ProposedTable]) -> tuple[int, TableMatch] | None:
    matches = [(index, match) for index, other in enumerate(originals) if (match := match_tables(table, other))]
    return max(matches, key=lambda item: (len(item[1].rows), len(item[1].columns)), default=None)


def _is_contained(reply: ProposedTable, original: ProposedTable, match: TableMatch) -> bool:
    """Return whether each filled cell of a reply's table is a filled cell of the person's, with the same value."""
    return not match.conflicts and all(
        row in match.rows and index in match.columns and is_filled(original.rows[match.rows[row]][match.columns[index]])
        for row, cells in enumerate(reply.rows)
        for index, cell in enumerate(cells)
        if is_filled(cell)
    )


def _merged(original: ProposedTable, reply: ProposedTable, match: TableMatch) -> ProposedTable | None:
    """Return the person's table with what the reply adds; None when the reply arranges the same text better."""
    if _is_finer(original, reply, match) or _has_lost_header(original, reply, match):
        return None
    named = _named(original, reply, match)
    added = [
        index
        for index in range(len(reply.columns))
        if index not in match.columns and any(is_filled(row[index]) for row in reply.rows)
    ]
    columns = [*named, *(reply.columns[index] for index in added)]
    names = unique(column.name for column in columns)
    columns = [replace(c, key=f"c{n + 1}", name=names[n], position=n) for n, c in enumerate(columns)]
    # Each column of the merged table with its column in the reply.
    sources = {own: index for index, own in match.columns.items()}
    sources |= {len(named) + n: index for n, index in enumerate(added)}
    left_out = _left_out(original, match)
    corrected = _corrected(original, reply, match)
    match = replace(match, conflicts=[conflict for conflict in match.conflicts if conflict not in corrected])
    rows = [
        row
        for number, row in _merged_rows(original, reply, match, columns, sources, corrected)
        if number not in left_out
    ]
    return replace(
        original,
        columns=tuple(columns),
        rows=tuple(rows),
        left_out=(*original.left_out, *(" | ".join(c.quote for c in original.rows[n] if c) for n in left_out)),
        notes=(*original.notes, *_conflict_notes(original, reply, match)),
    )


def _left_out(original: ProposedTable, match: TableMatch) -> list[int]:
    """Return the rows without a match which lack a cell that all others have: notes and sums that look like rows."""
    matched = set(match.rows.values())
    if original.kind not in GUESSED_KINDS or len(matched) < MIN_ROWS:
        return []
    common = [n for n in range(len(original.columns)) if all(is_filled(original.rows[row][n]) for row in matched)]
    return [
        number
        for number, row in enumerate(original.rows)
        if number not in matched and not all(is_filled(row[n]) for n in common)
    ]


def _corrected(original: ProposedTable, reply: ProposedTable, match: TableMatch) -> set[tuple[int, int]]:
    """Return the conflicts in which the reply's cell stands in the person's text too, and the readers had to guess."""
    if original.kind not in GUESSED_KINDS:
        return set()
    return {(row, column) for row, column in match.conflicts if (cell := reply.rows[row][column]) and cell.source}


def _merged_rows(
    original: ProposedTable,
    reply: ProposedTable,
    match: TableMatch,
    columns: Sequence[Column],
    sources: Mapping[int, int],
    corrected: Container[tuple[int, int]],
) -> Iterator[tuple[int, Cells]]:
    """Yield the person's rows with the reply's additions, each with its number; an added one has -1."""

    def added(index: int) -> Cells:
        row = reply.rows[index]
        cells = (
            _from_reply(reply, columns[n], sources[n], row[sources[n]]) if n in sources else None
            for n in range(len(columns))
        )
        return tuple(cells)

    behind = _added_rows(reply, match)
    from_reply = {own: index for index, own in match.rows.items()}
    yield from ((-1, added(index)) for index in behind.get(-1, ()))
    for number, own in enumerate(original.rows):
        stored: Cells = (*own, *([None] * (len(columns) - len(own))))
        if number in from_reply:
            index = from_reply[number]
            stored = tuple(
                b if b and (a is None or (index, sources.get(n, -1)) in corrected) else a
                for n, (a, b) in enumerate(zip(stored, added(index), strict=True))
            )
        yield number, stored
        yield from ((-1, added(index)) for index in behind.get(number, ()))


def _added_rows(reply: ProposedTable, match: TableMatch) -> dict[int, list[int]]:
    """Return the rows that only the reply has, by the number of the person's row that they follow; -1 for none."""
    behind: dict[int, list[int]] = {}
    previous = -1
    for index, row in enumerate(reply.rows):
        previous = match.rows.get(index, previous)
        if index not in match.rows and any(map(is_filled, row)):
            behind.setdefault(previous, []).append(index)
    return behind


def _from_reply(reply: ProposedTable, column: Column, index: int, cell: ProposedCell | None) -> ProposedCell | None:
    if not is_filled(cell):
        return None
    converted = cell_in_column(reply.columns[index], column, cell)
    return converted and replace(converted, source=converted.source + REPLY_SOURCE)


def _is_finer(original: ProposedTable, reply: ProposedTable, match: TableMatch) -> bool:
    """Return whether a column of the reply is a part of cells that the readers left in one piece."""
    for row, own in match.rows.items():
        spans = [(cell.start, cell.end) for cell in original.rows[own] if cell]
        for index, cell in enumerate(reply.rows[row]):
            is_other = index not in match.columns and cell is not None and cell.source > 0
            if is_other and cell and any(start <= cell.start and cell.end <= end for start, end in spans):
                return True
    return False


def _has_lost_header(original: ProposedTable, reply: ProposedTable, match: TableMatch) -> bool:
    """Return whether the readers took a row of the reply for the names of the columns."""
    names = {folded(column.name) for column in original.columns}
    for index, row in enumerate(reply.rows):
        values = {folded(cell.quote) for cell in row if cell and is_filled(cell)}
        if index not in match.rows and values and 2 * len(values & names) >= len(values):
            return True
    return False


def _named(original: ProposedTable, reply: ProposedTable, match: TableMatch) -> list[Column]:
    """Return the person's columns; those without a name of their own are called as in the reply."""
    names = {own: reply.columns[index].name for index, own in match.columns.items()}
    return [
        replace(column, name=names.get(index, column.name)) if GENERATED_NAME.fullmatch(column.name) else column
        for index, column in enumerate(original.columns)
    ]


def _conflict_notes(original: ProposedTable, reply: ProposedTable, match: TableMatch) -> Iterator[str]:
    for row, index in match.conflicts[:MAX_CONFLICT_NOTES]:
        own_row, own_column = match.rows[row], match.columns[index]
        own, other = original.rows[own_row][own_column], reply.rows[row][index]
        if own and other:
            name = original.columns[own_column].name
            yield f"Row {own_row + 1}, {name}: the text says {own.quote!r}, the reply {other.quote!r}."
    if (more := len(match.conflicts) - MAX_CONFLICT_NOTES) > 0:
        yield f"The reply differs from the text in {more} other cells: the text was taken."


def _is_weak(table: ProposedTable) -> bool:
    return table.kind in LIST_KINDS or len(table.rows) < MIN_ROWS


def _comes_from(table: ProposedTable, other: ProposedTable, person: PersonTexts) -> bool:
    """Return whether cells of a grounded table stand where the other table was read."""
    attachments = [source.attachment_id for source in person.sources]
    number = 1 + attachments.index(other.attachment_id)
    return any(
        cell is not None and cell.source == number and cell.start < other.end and other.start < cell.end
        for row in table.rows
        for cell in row
    )
