"""Tables that go on after a page break are one; tables with the same columns under names of their own are not."""

import pytest

from assistant.reading.extraction import propose

ONE, OTHER = "Item;Qty;Price\nTea;2;3,20\nCake;1;4,50\n", "Item;Qty;Price\nMilk;3;1\nSoap;1;2,95\n"


@pytest.mark.parametrize(
    "between",
    ["\n", "\nPage 2\n\n", "\n--- Seite 2 von 3 ---\n\n", "\n\f\n", "\n2/3\n\n", "\n第 2 页\n\n", "\n- 2 -\n"],
)
def test_the_pages_of_a_table_are_one(between: str) -> None:
    text = ONE + between + OTHER
    (table,) = propose(text)
    assert [row[0].quote for row in table.rows if row[0]] == ["Tea", "Cake", "Milk", "Soap"]
    assert [cell.value if cell else None for cell in table.rows[2]] == ["Milk", 3, "1"]
    assert all(text[cell.start : cell.end] == cell.quote for row in table.rows for cell in row if cell)


@pytest.mark.parametrize(
    "text",
    [
        ONE + "\nAnd for the second shop we have these:\n\n" + OTHER,
        "North\n" + ONE + "\nSouth\n" + OTHER,
        ONE + "\nPage 2\n\n" + OTHER.replace("Price", "Weight"),
        "1;2;3\n4;5;6\n\n7;8;9\n1;2;4\n\nPage 2\n\nItem;Qty\nTea;1\nCake;2\n",
    ],
)
def test_other_tables_stay_apart(text: str) -> None:
    assert len(propose(text)) > 1
