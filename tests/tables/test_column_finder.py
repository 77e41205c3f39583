"""Columns by key or by name, everywhere a client names one."""

from typing import Any

import pytest

from db.tables.column_finder import ColumnFinder
from errors import BadUserInput
from tables.types.types import Column, ColumnType
from tests.support.tables.table_client import ITEM, NUMBER, Refused, TableClient


def finder(**names: str) -> ColumnFinder:
    return ColumnFinder({key: Column(key, name, ColumnType.TEXT) for key, name in names.items()})


def test_a_key_takes_precedence_over_a_name() -> None:
    columns = finder(c1="c2", c2="Price")
    assert columns.get("c2", "column").name == "Price"
    assert columns.get("c1", "column").name == "c2"


def test_case_and_spacing_of_a_name_do_not_matter() -> None:
    assert finder(c1="Unit price").get("  unit   PRICE ", "column").key == "c1"


def test_an_ambiguous_name_is_refused_with_the_keys() -> None:
    columns = finder(c1="Price", c2="price", c3="Item")
    assert columns.find("PRICE") is None
    with pytest.raises(BadUserInput, match=r"2 columns are named 'PRICE'. Choose one by its key: c1, c2.") as caught:
        columns.get("PRICE", "sort.0.column")
    assert [error.field for error in caught.value.fields] == ["sort.0.column"]


def test_an_unknown_column_is_refused_with_names_and_keys() -> None:
    assert finder(c1="Item", c2="Price").problem("Colour") == (
        "The table has no column 'Colour'. Choose one by name or key: Item (c1), Price (c2)."
    )
    assert finder(**{f"c{n}": f"N{n}" for n in range(11)}).problem("x").endswith("N9 (c9), ….")


async def test_columns_are_changed_moved_and_deleted_by_name(sheet: TableClient) -> None:
    changed = await sheet.mutate("updateColumn", "{ column { key } }", tableId=sheet.id, key="item", name="Thing")
    assert changed == {"column": {"key": ITEM}}
    moved = await sheet.mutate("moveColumn", "{ column { key } }", tableId=sheet.id, key="Number", position=0)
    assert moved == {"column": {"key": NUMBER}}
    deleted = await sheet.mutate("deleteColumn", "{ deletedKey }", tableId=sheet.id, key="Thing")
    assert deleted == {"deletedKey": ITEM}


async def test_cells_are_updated_by_column_name(sheet: TableClient) -> None:
    row = (await sheet.add({"Item": "a"}))["rows"][0]["id"]
    await sheet.mutate(
        "updateCells", "{ rows { id } }", tableId=sheet.id, cells=[{"rowId": row, "column": "item", "value": "b"}]
    )
    assert [one["values"][ITEM] for one in (await sheet.rows())["nodes"]] == ["b"]
    twice = [{"rowId": row, "column": column, "value": "c"} for column in ("Item", ITEM)]
    with pytest.raises(Refused, match="This cell is in the list twice"):
        await sheet.mutate("updateCells", "{ rows { id } }", tableId=sheet.id, cells=twice)


async def test_rows_are_filtered_sorted_and_summarized_by_column_name(sheet: TableClient) -> None:
    await sheet.add({"Item": "a", "Number": 1}, {"Item": "b", "Number": 2}, {"Item": "b", "Number": 3})

    async def numbers(**arguments: Any) -> list[int]:
        return [row["values"][NUMBER] for row in (await sheet.rows(**arguments))["nodes"]]

    assert await numbers(filter={"column": "item", "op": "EQ", "value": "b"}) == [2, 3]
    assert await numbers(sort=[{"column": "Number", "descending": True}]) == [3, 2, 1]
    document = """query Q($id: ID!) { table(id: $id) { summary(column: "Number", groupBy: "item") { group sum }
        history(column: "item") { totalCount } } }"""
    table = (await sheet.run(document, id=sheet.id))["table"]
    assert table["summary"] == [{"group": "a", "sum": "1"}, {"group": "b", "sum": "5"}]


@pytest.mark.parametrize(
    ("mutation", "arguments", "field"),
    [
        ("updateColumn", {"key": "Colour", "name": "x"}, "key"),
        ("moveColumn", {"key": "Colour", "position": 0}, "key"),
        ("deleteColumn", {"key": "Colour"}, "key"),
        ("upsertRows", {"keyColumns": ["Colour"], "rows": [{"Item": "a"}]}, "keyColumns.0"),
        ("addRows", {"rows": [{"Colour": "a"}]}, "rows.0.Colour"),
    ],
)
async def test_an_unknown_column_is_refused_where_it_is_named(
    sheet: TableClient, mutation: str, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused, match=r"The table has no column 'Colour'\. Choose one by name or key: Item ") as caught:
        await sheet.mutate(mutation, "{ table { id } }", tableId=sheet.id, **arguments)
    assert caught.value.fields == [field]
