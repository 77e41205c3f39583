"""Values: a valid one is unchanged after storing, reading and sending it back, on both databases."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tables.types.types import Column, ColumnType, from_json
from tests.support.tables.column_samples import VALUES
from tests.support.tables.table_client import Refused, TableClient, cell
from tests.support.tables.value_strategies import values
from tests.support.world import World

FORMATS = {"DECIMAL": ",", "CURRENCY": "EUR ,", "DATE": "MDY", "DATETIME": "DMY"}
COLUMNS = [Column(f"c{n}", type.value, type, format=FORMATS.get(type)) for n, type in enumerate(ColumnType, 1)]
DEFINITIONS = [{"name": each.name, "type": each.type.value, "format": each.format} for each in COLUMNS]
EDGES: list[dict[str, Any]] = [
    {
        "TEXT": " \u2028\U0010ffff\u202e\x01\x7f\\u0000'\";--",
        "INTEGER": 2**53 - 1,
        "DECIMAL": "9" * 38,
        "BOOLEAN": False,
    },
    {
        "TEXT": "x" * 32_767,
        "INTEGER": -(2**53) + 1,
        "DECIMAL": "0." + "0" * 37 + "1",
        "CURRENCY": "-0.00",
        "PERCENT": "-0",
    },
    {"DATE": "1000-01-01", "DATETIME": "9999-12-31T23:59:59.999999Z", "MULTI_SELECT": ['"', ",", "、"], "SELECT": "{}"},
]


def drawn(count: int) -> list[dict[str, Any]]:
    """Rows of values of every type, the same ones each time."""
    rows: list[dict[str, Any]] = []

    @settings(max_examples=count, phases=[Phase.generate], derandomize=True, database=None, deadline=None)
    @given(st.fixed_dictionaries({type.value: of for type, of in values.items() if type is not ColumnType.EMAIL}))
    def draw(row: dict[str, Any]) -> None:
        rows.append(row)

    draw()
    return rows


async def test_values_of_every_type_survive_being_kept_shown_and_sent_back(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, DEFINITIONS)
    sent = [*EDGES, *drawn(20)]
    stored = (await sheet.add(*sent))["rows"]
    for row, was in zip(stored, sent, strict=True):
        meant = {column.key: from_json(column, was.get(column.name)) for column in COLUMNS}
        assert row["values"] == {key: value for key, value in meant.items() if value is not None}
    read = (await sheet.table())["rows"]["nodes"]
    assert read == stored
    for sent_back in ("value", "text"):
        cells = [
            cell(row, displayed["column"]["key"], displayed[sent_back]) for row in read for displayed in row["cells"]
        ]
        assert (await sheet.update(*cells))["revision"] is None, sent_back


async def test_an_absent_cell_gets_the_default_and_null_leaves_it_empty(world: World, tmp_path: Path) -> None:
    columns: list[dict[str, Any]] = [
        {"name": "Item", "type": "TEXT", "default": "none"},
        {"name": "Paid", "type": "BOOLEAN", "isRequired": True, "default": "ja"},
        {"name": "Cost", "type": "CURRENCY", "format": "EUR ,", "minimum": "0", "default": "12,50 €"},
    ]
    sheet = await TableClient.new(world, tmp_path, columns)
    rows = (await sheet.add({}, {"Item": None, "Paid": False, "Cost": None}, {"Item": "", "Cost": "1.234"}))["rows"]
    assert [row["values"] for row in rows] == [
        {"c1": "none", "c2": True, "c3": "12.50"},
        {"c2": False},
        {"c2": True, "c3": "1.234"},
    ]
    with pytest.raises(Refused) as refused:
        await sheet.add({"Paid": None})
    assert refused.value.fields == ["rows.0.Paid"]
    assert "Paid is required: give it a value." in refused.value.first["fieldErrors"][0]["message"]


async def test_digits_that_json_lost_are_not_kept_as_others(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(
        world, tmp_path, [{"name": "Number", "type": "DECIMAL"}, {"name": "Code", "type": "TEXT"}]
    )
    for column in ("Number", "Code"):
        with pytest.raises(Refused) as refused:
            await sheet.add({column: float(10**20 + 1)})
        assert (
            "is more than a JSON number holds exactly: send it as a string"
            in refused.value.first["fieldErrors"][0]["message"]
        )
    stored = (await sheet.add({"Number": str(10**20 + 1), "Code": 2**53 - 1}))["rows"][0]["values"]
    assert stored == {"c1": "100000000000000000001", "c2": "9007199254740991"}


async def test_every_type_becomes_text_and_comes_back(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, DEFINITIONS)
    arguments = {**VALUES, ColumnType.DECIMAL: "1234.500", ColumnType.MULTI_SELECT: ["a", "b, c"]}
    await sheet.add({column.name: arguments[column.type] for column in COLUMNS})
    before = (await sheet.table())["rows"]["nodes"][0]["cells"]
    for column in COLUMNS[1:]:
        change = {"tableId": sheet.id, "key": column.key}
        as_text = await sheet.mutate("updateColumn", "{ column { type } }", type="TEXT", **change)
        assert as_text == {"column": {"type": "TEXT"}}
    texts = (await sheet.table())["rows"]["nodes"][0]["cells"]
    assert [displayed["value"] for displayed in texts] == [displayed["text"] for displayed in before]
    for column in COLUMNS[1:]:
        change = {"tableId": sheet.id, "key": column.key}
        back = {"type": column.type.value, "format": column.format}
        await sheet.mutate("updateColumn", "{ column { type } }", **change, **back)
    after = (await sheet.table())["rows"]["nodes"][0]["cells"]
    assert [(displayed["value"], displayed["text"]) for displayed in after] == [
        (was["value"], was["text"]) for was in before
    ]
