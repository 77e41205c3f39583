"""Tables of a reply beside those that the person gave: the person's values stay, and additions are marked."""

from uuid import UUID

import pytest

from assistant.reading.extraction import ProposedTable, Source, propose
from assistant.reading.reply_grounding import PersonTexts
from assistant.reading.reply_merging import is_repeated, merge_reply

CSV = "Item;Bought;Price\nTea;01.03.2026;3,20\nCake;02.03.2026;4,50\nMilk;02.03.2026;1,10\nSoap;05.03.2026;2,95\n"
PROSE = "We had Tea for 3,20 on Monday, then Cake for 4,50, and Ann bought Milk at 1,10."
VALUES = [
    ["Tea", "2026-03-01", "3.20"],
    ["Cake", "2026-03-02", "4.50"],
    ["Milk", "2026-03-02", "1.10"],
    ["Soap", "2026-03-05", "2.95"],
]


def merge(text: str, reply: str) -> tuple[list[ProposedTable], list[ProposedTable]]:
    return merge_reply(PersonTexts((Source(UUID(int=1)),), (text,)), propose(text), propose(reply))


def values(table: ProposedTable) -> list[list[object]]:
    return [[cell.value if cell else None for cell in row] for row in table.rows]


def origins(table: ProposedTable, person: set[int]) -> list[str]:
    """Return a letter for each cell: p for the person's, a for the assistant's, - for none."""
    return [
        "".join("-" if cell is None else "p" if cell.source in person else "a" for cell in row) for row in table.rows
    ]


@pytest.mark.parametrize(
    "reply",
    [
        "| Price | Item | Bought |\n|---|---|---|\n| €3.2 | **Tea** | March 1, 2026 |\n| €4.50 | Cake | 2 Mar 2026 |\n",
        "| # | Item | Price (€) |\n|---|---|---|\n| 1 | Tea | 3,20 |\n| 2 | Cake | 4,50 |\n| 3 | Milk | 1,10 |\n",
        '```json\n[{"item": "Tea", "price": 3.2}, {"item": "Soap", "price": 2.95}]\n```\n',
        "```csv\nItem,Price\nTea,3.20\nCake,4.50\n```\n",
        "<table><tr><th>Item<th>Price</tr><tr><td>Milk<td>1.10 EUR</tr><tr><td>Tea<td>3.20 EUR</tr></table>",
        "| Item | Bought | Price |\n|---|---|---|\n| Tea | 2026-03-01 | 3.20 |\n| … | … | … |\n",
        "Nothing but this:\n\n- **Four rows** were found\n- Tell me more\n",
    ],
    ids=["symbols", "index", "json", "csv", "html", "shortened", "remarks"],
)
def test_a_reply_that_repeats_some_of_a_pasted_table_changes_nothing(reply: str) -> None:
    (table,), own = merge(CSV, reply)
    assert own == []
    assert [column.name for column in table.columns] == ["Item", "Bought", "Price"]
    assert values(table) == VALUES
    assert table.notes == propose(CSV)[0].notes


def test_another_value_in_the_reply_is_told_and_the_pasted_one_stays() -> None:
    rows = "| Tea | 3.10 |\n| Cake | 4.50 |\n| Milk | 1.10 |\n| Soap | 2.95 |\n"
    (table,), own = merge(CSV, f"| Item | Price |\n|---|---|\n{rows}")
    assert (values(table), own) == (VALUES, [])
    assert table.notes[-1] == "Row 1, Price: the text says '3,20', the reply '3.10'."


def test_rows_and_columns_that_only_the_reply_has_are_the_assistants() -> None:
    rows = "| Tea | 3.20 | Drink |\n| Tip | 2.00 | |\n| Cake | 4.50 | Food |\n| Milk | 1.10 | Drink |\n"
    (table,), _ = merge(CSV, f"| Item | Price | Kind |\n|---|---|---|\n{rows}")
    assert [column.name for column in table.columns] == ["Item", "Bought", "Price", "Kind"]
    assert [row[0] for row in values(table)] == ["Tea", "Tip", "Cake", "Milk", "Soap"]
    assert origins(table, {0, 2}) == ["pppa", "a-a-", "pppa", "pppa", "ppp-"]


def test_columns_without_a_name_are_called_as_in_the_reply() -> None:
    (table,), own = merge(
        "Tea  3,20\nCake  4,50\nMilk  1,10\n", "| What | Cost |\n|---|---|\n| Tea | 3.20 |\n| Cake | 4.50 |"
    )
    assert ([column.name for column in table.columns], len(table.rows), own) == (["What", "Cost"], 3, [])


def test_a_reply_to_prose_has_its_sources_there_and_marks_for_nothing_are_empty() -> None:
    rows = "| 1 | Tea | Monday | €3.20 |\n| 2 | Cake | *(not specified)* | €4.50 |\n| 3 | Milk | N/A | €1.15 |\n"
    arguments, (table,) = merge(PROSE, f"| # | Item | Day | Price |\n|---|---|---|---|\n{rows}")
    assert (arguments, [column.name for column in table.columns]) == ([], ["Item", "Day", "Price"])
    assert values(table) == [["Tea", "Monday", "3.20"], ["Cake", None, "4.50"], ["Milk", None, "1.15"]]
    assert origins(table, {1}) == ["ppp", "p-p", "p-a"]


def test_a_number_by_chance_is_no_source_of_a_table_that_was_made_up() -> None:
    lakes = "".join(f"| {rank} | Lake {'ABCDEFGHIJ'[rank - 1]} | {90_000 - rank} |\n" for rank in range(1, 11))
    _, (table,) = merge("List the ten largest lakes of 2010.", f"| Rank | Lake | Area |\n|---|---|---|\n{lakes}")
    assert set(origins(table, {1})) == {"aaa"}


def test_a_growing_reply_is_repeated_until_it_says_something_else() -> None:
    arguments = propose(CSV)
    head = "| Item | Price |\n|---|---|\n| Tea | 3.20 |\n"
    assert is_repeated(propose(head)[0], arguments)
    assert not is_repeated(propose(head + "| Tip | 2.00 |\n| Taxi | 9.00 |\n")[0], arguments)


def test_units_emphasis_and_averages_of_a_reply_are_not_the_persons() -> None:
    text = "Pump P-3: 4.2 bar, fine. Pump P-7 ran at 3.1 bar; pump P-9 gave no reading."
    rows = "| 1 | **P-3** | `4,2` bar \u2705 |\n| 2 | P-7 | 3.1 bar |\n| 3 | P-9 | &mdash; |\n"
    average = "| | **Average** | 3.65 bar |\n"
    _, (table,) = merge(text, f"| | Pump | Pressure |\n|---|---|---|\n{rows}{average}")
    assert values(table) == [["P-3", "4.2 bar"], ["P-7", "3.1 bar"], ["P-9", None]]
    assert origins(table, {1}) == ["pp", "pp", "p-"]
    assert table.left_out == ("Average | 3.65 bar",)


@pytest.mark.parametrize(
    "reply",
    [
        "- \u2705 Done: the import ran\n- \u26a0\ufe0f Note: two warnings\n- \u274c Failed: mail",
        "\u2022 第一步：打开文件\n\u2022 第二步：选择列\n\u2022 第三步：保存",
        "- Paso 1: abrir\n- Paso 2: elegir\n- Paso 3: guardar",
        "<thinking>\n- Tea 3.20\n- Cake 4.50\n</thinking>\nNo table.",
    ],
)
def test_steps_and_remarks_in_a_reply_are_no_table(reply: str) -> None:
    assert merge("How do I sort?", reply) == ([], [])


def test_a_made_up_list_of_things_with_prices_is_a_table() -> None:
    _, (table,) = merge("Suggest prices.", "- Croissant - $2.50\n- Bagel - $1.80\n- Muffin - $2.20")
    assert values(table) == [["Croissant", "2.50"], ["Bagel", "1.80"], ["Muffin", "2.20"]]
