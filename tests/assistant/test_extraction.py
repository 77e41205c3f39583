"""Proposed tables: names, types, values and where each came from."""

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reading.extraction import MAX_NAME, ProposedTable, propose, unique
from tables.types.types import ColumnType


def only(text: str) -> ProposedTable:
    (table,) = propose(text)
    return table


def values(table: ProposedTable) -> list[list[object]]:
    return [[cell.value if cell else None for cell in row] for row in table.rows]


def test_every_column_has_a_key_a_place_and_the_narrowest_type() -> None:
    table = only("Name,Qty,Price,When,Mail,Ok\nBob,2,€3.50,2024-05-01,a@b.org,yes\nAl,10,€1.00,2024-05-02,c@d.org,no\n")
    assert [(c.key, c.position, c.name, c.type) for c in table.columns] == [
        ("c1", 0, "Name", ColumnType.TEXT),
        ("c2", 1, "Qty", ColumnType.INTEGER),
        ("c3", 2, "Price", ColumnType.CURRENCY),
        ("c4", 3, "When", ColumnType.DATE),
        ("c5", 4, "Mail", ColumnType.EMAIL),
        ("c6", 5, "Ok", ColumnType.BOOLEAN),
    ]
    assert values(table) == [
        ["Bob", 2, "3.50", "2024-05-01", "a@b.org", True],
        ["Al", 10, "1.00", "2024-05-02", "c@d.org", False],
    ]


def test_every_cell_names_its_source() -> None:
    text = 'Look:\n\nname,note\nBob,"say ""hi"""\nAl,\n'
    cell = only(text).rows[0][1]
    assert cell is not None
    assert (cell.value, cell.quote) == ('say "hi"', 'say ""hi""')
    assert text[cell.start : cell.end] == cell.quote
    assert only(text).rows[1][1] is None


def test_leading_zeros_and_long_numbers_stay_text() -> None:
    table = only("Customer;Account\n0047;12345678901234567890\n0108;98765432109876543210\n")
    assert [c.type for c in table.columns] == [ColumnType.TEXT, ColumnType.TEXT]
    assert values(table)[0] == ["0047", "12345678901234567890"]


def test_double_and_missing_column_names_are_made_unique() -> None:
    table = only("Amount,amount,,Amount\n1,2,3,4\n")
    assert [c.name for c in table.columns] == ["Amount", "amount 2", "Column 3", "Amount 3"]


def test_unique_names_do_not_collide_with_given_ones_and_fit() -> None:
    assert unique(["A", "A", "A 2", "a"]) == ["A", "A 2", "A 2 2", "a 3"]
    long = "x" * 300
    assert unique([long, long]) == ["x" * MAX_NAME, "x" * (MAX_NAME - 2) + " 2"]


def test_tables_without_a_caption_are_numbered_by_their_place() -> None:
    text = "a,b\n1,2\n\n# Costs\n\nc,d\n1,2\n\n# Costs\n\ne,f\n1,2\n\nThat was that.\n\ng,h\n1,2\n"
    assert [table.name for table in propose(text)] == ["Table 1", "Costs", "Costs 2", "Table 4"]


def test_a_closing_row_of_sums_is_left_out_and_shown() -> None:
    table = only("| Item | Net | Gross |\n|---|---|---|\n| A | 1 | 2 |\n| B | 3 | 4 |\n| **Total:** | 4 | **6** |\n")
    assert values(table) == [["A", 1, 2], ["B", 3, 4]]
    assert table.left_out == ("Total: | 4 | 6",)


def test_a_row_that_may_not_be_a_sum_stays() -> None:
    after = only("Item,Net\nTotal,4\nA,1\nB,3\n")
    assert (values(after)[0], after.left_out) == (["Total", 4], ())
    assert values(only("Brand,Kind\nShell,oil\nBP,oil\nTotal,gas\n"))[-1] == ["Total", "gas"]
    assert values(only("Name: Total\nNet: 4")) == [["Total", 4]]


def test_a_cell_no_database_can_hold_is_made_storable_and_its_quote_stays_whole() -> None:
    text = f"a\tb\nbad\0one\t{'x' * 40_000}\n"
    table = only(text)
    bad, long = table.rows[0]
    assert bad is not None
    assert long is not None
    assert (bad.value, bad.quote) == ("bad\ufffdone", "bad\0one")
    assert (long.value, len(long.quote)) == ("x" * 32_767, 40_000)


def test_nothing_tabular_proposes_nothing() -> None:
    assert propose("") == []
    assert propose("Good morning, how are you?") == []


_PIECES = [",", ";", "\t", "\n", "|", "|-|", '"', "- ", ": ", "[x] ", "1,50", "€", "03/04/2025", "Total", "a", "B 2"]
_PIECES += ['[{"a":1e5}]', "true", "007", "%", "😀", "张三", "مرحبا", "\n\n", " ", "12 May 2024", "\0", "\ud800"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=50).map("".join))
def test_whatever_is_pasted_every_cell_is_a_quote_and_every_row_fits_its_columns(text: str) -> None:
    tables = propose(text)
    for table in tables:
        names = [column.name.casefold() for column in table.columns]
        assert len(set(names)) == len(names)
        assert 0 < len(table.name) <= MAX_NAME
        assert {len(row) for row in table.rows} <= {len(table.columns)}
        cells = [cell for row in table.rows for cell in row if cell]
        assert all(text[cell.start : cell.end] == cell.quote for cell in cells)
    assert len({table.name for table in tables}) == len(tables)
