"""Rows that were read twice: by key, by what is in them, by where they stand."""

from assistant.reading.extraction import ProposedCell
from assistant.reading.row_merging import Cells, merged
from tables.types.columns import Column, ColumnType

COLUMNS = [
    Column("c1", "Item", ColumnType.TEXT),
    Column("c2", "Month", ColumnType.TEXT, position=1),
    Column("c3", "Price", ColumnType.DECIMAL, position=2),
]


def row(*values: str | None, at: int = 0, source: int = 0, longer: int = 0) -> Cells:
    """Each cell ten characters behind the one before; `longer` are the characters that its quotes begin before it."""
    return tuple(
        None if value is None else ProposedCell(value, at + 10 * n - longer, at + 10 * n + 5, value, source=source)
        for n, value in enumerate(values)
    )


def values(rows: list[Cells]) -> list[tuple[object, ...]]:
    return [tuple(None if cell is None else cell.value for cell in row) for row in rows]


def together(*pieces: list[Cells], keys: tuple[int, ...] = ()) -> list[tuple[object, ...]]:
    return values(merged(COLUMNS, pieces, keys))


def test_several_key_columns_tell_rows_apart_together() -> None:
    rows = [row("Tea", "May", "4.10"), row("Tea", "June", "4.20", at=100), row("TEA ", "May", None, at=200)]
    assert together(rows, keys=(0, 1)) == [("Tea", "May", "4.10"), ("Tea", "June", "4.20")]


def test_rows_with_one_key_that_contradict_each_other_all_stay() -> None:
    rows = [row("Tea", None, "4.10"), row("Tea", "May", "4.1", at=100), row("Tea", None, "5.00", at=200)]
    assert together(rows, keys=(0,)) == [("Tea", "May", "4.10"), ("Tea", None, "5.00")]


def test_a_row_where_two_pieces_overlap_is_one_also_when_its_quotes_differ() -> None:
    tea, again = row("Tea", "May", "4.10", at=50), row("Tea", "May", "4.10", at=200)
    assert together([tea, again], [row("Tea", "May", "4.10", at=50, longer=3), again]) == [("Tea", "May", "4.10")] * 2


def test_what_another_source_repeats_is_one_row_and_what_one_source_repeats_are_two() -> None:
    tea = row("Tea", None, "4.10")
    assert together([tea, row("Tea", None, "4.10", at=90)], [row("tea", None, "4.1", source=1)]) == [
        ("Tea", None, "4.10"),
        ("Tea", None, "4.10"),
    ]


def test_a_row_that_a_model_gives_twice_is_one() -> None:
    rows = [row("Tea", "May", "4.10"), row("tea", "May", "4.1", longer=3), row("Cake", None, "2.00", at=100)]
    assert together(rows) == [("Tea", "May", "4.10"), ("Cake", None, "2.00")]


def test_a_row_of_another_message_in_the_same_piece_is_a_repetition_and_one_further_on_is_not() -> None:
    rows = [row("Tea", None, "4.10"), row("Tea", None, "4.10", at=100), row("Tea", None, "4.10", at=300, source=1)]
    assert together(rows) == [("Tea", None, "4.10")] * 2
