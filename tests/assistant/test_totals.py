"""Totals that a text states are left out, shown, and held against the rows."""

import pytest

from assistant.reading.extraction import ProposedTable, propose


def read(text: str) -> ProposedTable:
    (table,) = propose(text)
    return table


def test_sums_below_the_items_of_a_receipt_are_left_out_and_checked() -> None:
    table = read("Coffee ........ 2.80\nTea ........... 3.20\nTOTAL ......... 6.00\nCash 10.00\nChange 4.00\n")
    assert [[cell.value for cell in row if cell] for row in table.rows] == [["Coffee", "2.80"], ["Tea", "3.20"]]
    assert table.left_out == ("TOTAL ......... 6.00", "Cash 10.00", "Change 4.00")
    assert table.notes == ("The rows of Price add up to 6.00, the total that the text states.",)


def test_a_total_that_the_rows_do_not_add_up_to_is_told() -> None:
    table = read("| Item | Price |\n|---|---|\n| Fig | 3.50 |\n| Plum | 2.00 |\n| **Total** | **5.60** |\n")
    assert table.left_out == ("Total | 5.60",)
    assert table.notes == ("The rows of Price add up to 5.50, but the text states a total of 5.60: check the rows.",)


@pytest.mark.parametrize(
    "text",
    [
        "Item,Price\nFig,3.50\nPlum,2.00\n",
        "Item,Price\nFig,3.50\nTotal,2.00\nPlum,1.00\n",
        "Name,City\nTotal,Oslo\nAnn,Rome\n",
    ],
)
def test_nothing_is_told_where_no_total_is_stated_below(text: str) -> None:
    table = read(text)
    assert (table.left_out, table.notes) == ((), ())


def test_a_mark_for_no_value_is_an_empty_cell_with_its_source() -> None:
    text = "| City | Reading |\n|---|---|\n| Oslo | 3.5 |\n| Rome | N/A |\n"
    cell = read(text).rows[1][1]
    assert cell is not None
    assert (cell.value, cell.quote, text[cell.start : cell.end]) == (None, "N/A", "N/A")


@pytest.mark.parametrize(
    ("total", "messages"),
    [
        ("Grand total (EUR): 11.00", ["The rows of In add up to 12.00, but the text states a total of 11.00"]),
        ("Total: 12.00", ["The rows of In add up to 12.00, the total that the text states."]),
        ("Total fees: 9.00", []),
    ],
)
def test_a_running_balance_is_not_summed_and_a_total_of_some_rows_is_not_compared(
    total: str, messages: list[str]
) -> None:
    table = read(f"Date\tIn\tBalance\n1 May\t5.00\t10.00\n2 May\t7.00\t17.00\n{total}\n")
    assert [note.partition(": check")[0] for note in table.notes] == messages
