"""Filters, sorts, searches and pages of rows, compared with the same in plain Python."""

from collections.abc import Callable
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from pathlib import Path
from typing import Any

import pytest

from db.core.engine import Database
from db.tables.query import row_query
from db.tables.query.sort_sql import Part, SortKey
from tables.types.types import ColumnType
from tests.support.tables.row_paging import walked
from tests.support.tables.sample_rows import COMPARED, KEYS, ORDERS, VALUES, compared, found, in_order, is_, where
from tests.support.tables.statement_count import counted
from tests.support.tables.table_client import AT, DAY, ITEM, NUMBER, PAID, PRICE, TAGS, Refused, TableClient
from tests.support.world import World

SHEET_ROWS = VALUES


async def test_comparisons_follow_the_type(sheet: TableClient) -> None:
    for column, value in COMPARED:
        for op, expected in compared(column, value):
            rows = await sheet.rows(filter=is_(column, op, value))
            assert found(rows) == expected, (column, op, value)
            assert rows["totalCount"] == len(expected), (column, op, value)


async def test_texts_lists_and_booleans_are_found(sheet: TableClient) -> None:
    for requested, expected in (
        (is_(ITEM, "CONTAINS", "AXI"), where(ITEM, lambda v: "axi" in v.lower())),
        (is_(ITEM, "CONTAINS", "%"), where(ITEM, lambda v: "%" in v)),
        (is_(ITEM, "CONTAINS", "_"), where(ITEM, lambda v: "_" in v)),
        (is_(ITEM, "STARTS_WITH", "BUS"), where(ITEM, lambda v: v.lower().startswith("bus"))),
        (is_(TAGS, "CONTAINS", "b"), where(TAGS, lambda v: "b" in [item.lower() for item in v])),
        (is_(TAGS, "EQ", ["a", "b"]), where(TAGS, lambda v: v == ["a", "b"])),
        (is_(TAGS, "IN", [["b", "a"], ["a"]]), where(TAGS, lambda v: v in (["b", "a"], ["a"]))),
        (is_(PAID, "EQ", False), where(PAID, lambda v: v is False)),
        (is_(PAID, "NE", True), [row for row in VALUES if row.get(PAID) is not True]),
        (is_(NUMBER, "IN", [9, 2, 0]), where(NUMBER, lambda v: v in (9, 2, 0))),
        (is_(PRICE, "IN", ["12.5", "100.00"]), where(PRICE, lambda v: Decimal(v) in (Decimal("12.5"), 100))),
        (is_(ITEM, "IN", ["Taxi"]), where(ITEM, lambda v: v == "Taxi")),
        (is_(ITEM, "IN", [f"none {n}" for n in range(99)] + ["zug"]), where(ITEM, lambda v: v == "zug")),
    ):
        assert found(await sheet.rows(filter=requested)) == expected, requested


async def test_empty_cells_are_found(sheet: TableClient) -> None:
    for column in KEYS:
        empty = [row for row in VALUES if column not in row]
        filled = [row for row in VALUES if column in row]
        for requested, expected in (
            (is_(column, "IS_EMPTY"), empty),
            (is_(column, "IS_EMPTY", True), empty),
            (is_(column, "IS_EMPTY", False), filled),
            (is_(column, "EQ", None), empty),
            (is_(column, "NE", None), filled),
        ):
            assert found(await sheet.rows(filter=requested)) == expected, requested


async def test_conditions_combine(sheet: TableClient) -> None:
    nine, paid, late = is_(NUMBER, "EQ", 9), is_(PAID, "EQ", False), is_(DAY, "GT", "2025-01-01")
    combined: list[tuple[dict[str, Any], Callable[[Any], bool]]] = [
        ({"and": [nine, paid]}, lambda row: row.get(NUMBER) == 9 and row.get(PAID) is False),
        ({"or": [nine, late]}, lambda row: row.get(NUMBER) == 9 or row.get(DAY, "") > "2025-01-01"),
        ({"not": nine}, lambda row: row.get(NUMBER) != 9),
        ({"not": {"or": [nine, late]}}, lambda row: row.get(NUMBER) != 9 and not row.get(DAY, "") > "2025-01-01"),
        ({**nine, "not": late}, lambda row: row.get(NUMBER) == 9 and not row.get(DAY, "") > "2025-01-01"),
        ({}, lambda row: True),
        ({"and": [], "or": [{}]}, lambda row: True),
    ]
    for requested, test in combined:
        rows = await sheet.rows(filter=requested)
        assert found(rows) == [row for row in VALUES if test(row)], requested
        assert rows["totalCount"] == len(rows["nodes"]), requested


async def test_a_search_looks_into_every_text(sheet: TableClient) -> None:
    for text, expected in (
        ("TAXI", where(ITEM, lambda v: "taxi" in v.lower())),
        ("100%", where(ITEM, lambda v: "100%" in v)),
        ("a, b", where(TAGS, lambda v: "a, b" in v)),
        ("12.5", []),
        ("", VALUES),
    ):
        rows = await sheet.rows(search=text)
        assert (found(rows), rows["totalCount"]) == (expected, len(expected)), text


LONG = [
    "-12345678901234567891",
    "-12345678901234567890.5",
    "-12345678901234567890",
    "0.30000000000000000001",
    "0.3",
    "0.30",
    "0.29999999999999999999",
    "12345678901234567890",
    "12345678901234567890.10",
    "12345678901234567890.1",
    "1" + "0" * 37,
    "1" + "0" * 36 + "1",
]


async def test_decimals_are_compared_exactly_whatever_their_length(sheet: TableClient) -> None:
    other = await sheet.mutate(
        "createTable", "{ table { id } }", name="Long", columns=[{"name": "Price", "type": "DECIMAL"}]
    )
    sheet.id = other["table"]["id"]
    await sheet.add(*({"c1": number} for number in LONG))
    for value in (LONG[1], LONG[3], LONG[5], LONG[9], LONG[11]):
        for op, test in (("LT", lt), ("LTE", le), ("GT", gt), ("GTE", ge), ("EQ", eq)):
            expected = [one for one in LONG if test(Decimal(one), Decimal(value))]
            assert [row["c1"] for row in found(await sheet.rows(filter=is_("c1", op, value)))] == expected, (op, value)
    for is_descending in (False, True):
        ordered = sorted(LONG, key=Decimal, reverse=is_descending)
        sort = [{"column": "c1", "descending": is_descending}]
        for way in (("first", "after"), ("last", "before")):
            assert [row["c1"] for row in await walked(sheet, *way, 2, sort=sort)] == ordered


async def test_letters_are_folded_one_by_one(sheet: TableClient) -> None:
    """So the last Σ of a word is one like the others, and İ an i, on both databases."""
    texts = ["ΑΣ", "ΑΣΑ", "İzmir", "STRASSE", "Straße"]
    await sheet.add(*({ITEM: text} for text in texts))
    for part, expected in (("ασ", texts[:2]), ("Σ", texts[:2]), ("izm", [texts[2]]), ("ß", [texts[4]]), ("ς", [])):
        for requested in ({"search": part}, {"filter": is_(ITEM, "CONTAINS", part)}):
            assert [row[ITEM] for row in found(await sheet.rows(**requested))] == expected, requested
    greek = {"column": ITEM, "op": "GTE", "value": "Α"}
    rows = await sheet.rows(filter=greek, sort=[{"column": ITEM, "descending": True}])
    assert [row[ITEM] for row in found(rows)] == ["ΑΣΑ", "ΑΣ"]


async def test_rows_are_sorted_by_type_and_paged_without_a_gap(sheet: TableClient) -> None:
    for orders in ORDERS:
        sort = [{"column": column, "descending": descending} for column, descending in orders]
        expected = in_order(*orders)
        assert found(await sheet.rows(sort=sort)) == expected, orders
        for size in (1, 4):
            assert await walked(sheet, "first", "after", size, sort=sort) == expected, (orders, size)
            assert await walked(sheet, "last", "before", size, sort=sort) == expected, (orders, size)


async def test_the_own_order_is_paged_too_and_with_a_filter(sheet: TableClient) -> None:
    assert await walked(sheet, "first", "after", 2) == VALUES
    assert await walked(sheet, "last", "before", 2) == VALUES
    filled = where(NUMBER, lambda v: v > 0)
    requested = is_(NUMBER, "GT", 0)
    assert await walked(sheet, "first", "after", 2, filter=requested) == filled
    by_number = [row for row in in_order((NUMBER, False)) if row in filled]
    assert await walked(sheet, "first", "after", 2, filter=requested, sort=[{"column": NUMBER}]) == by_number


def nested(depth: int) -> dict[str, Any]:
    return is_(NUMBER, "EQ", 1) if depth == 1 else {"not": nested(depth - 1)}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"filter": is_("c99", "EQ", 1)}, "filter.column"),
    ({"filter": {"column": NUMBER}}, "filter.op"),
    ({"filter": {"op": "EQ", "value": 1}}, "filter.column"),
    ({"filter": {"and": [is_(NUMBER, "EQ", 1), is_(NUMBER, "EQ", "many")]}}, "filter.and.1.value"),
    ({"filter": {"not": {"or": [is_(DAY, "GT", "soon")]}}}, "filter.not.or.0.value"),
    ({"filter": is_(NUMBER, "CONTAINS", "1")}, "filter.op"),
    ({"filter": is_(TAGS, "STARTS_WITH", "a")}, "filter.op"),
    ({"filter": is_(PAID, "GT", True)}, "filter.op"),
    ({"filter": is_(NUMBER, "GT", None)}, "filter.value"),
    ({"filter": is_(NUMBER, "IN", 1)}, "filter.value"),
    ({"filter": is_(NUMBER, "IN", [])}, "filter.value"),
    ({"filter": is_(NUMBER, "IN", [1, "x"])}, "filter.value.1"),
    ({"filter": is_(NUMBER, "IN", [1] * 101)}, "filter.value"),
    ({"filter": is_(NUMBER, "IS_EMPTY", 1)}, "filter.value"),
    ({"filter": is_(ITEM, "EQ", "a\x00b")}, "filter.value"),
    ({"filter": nested(6)}, "filter.not.not.not.not.not"),
    ({"filter": {"and": [is_(NUMBER, "EQ", 1)] * 51}}, "filter.and"),
    ({"filter": {"and": [{"or": [is_(NUMBER, "EQ", 1)] * 26}] * 2}}, "filter.and.1.or.24"),
    ({"sort": [{"column": "c99"}]}, "sort.0.column"),
    ({"sort": [{"column": NUMBER}, {"column": NUMBER}]}, "sort"),
    ({"sort": [{"column": NUMBER}] * 9}, "sort"),
    ({"search": "x" * 201}, "search"),
    ({"search": "\ud800"}, "search"),
    ({"after": "nonsense"}, "after"),
    ({"after": "W10"}, "after"),
    ({"after": "WzEsMl0"}, "after"),
    ({"first": 101}, "first"),
]


async def test_a_question_that_makes_no_sense_is_refused_with_its_place(sheet: TableClient) -> None:
    for requested, field in REFUSED:
        with pytest.raises(Refused) as refused:
            await sheet.rows(**requested)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", [field]), requested


async def test_a_cursor_of_another_order_is_refused(sheet: TableClient) -> None:
    by_item = await sheet.rows(first=1, sort=[{"column": ITEM}])
    for sort in ([], [{"column": NUMBER}], [{"column": ITEM}, {"column": NUMBER}]):
        with pytest.raises(Refused) as refused:
            await sheet.rows(after=by_item["pageInfo"]["endCursor"], sort=sort)
        assert refused.value.fields == ["after"]
    assert found(await sheet.rows(filter=nested(5))) == []


async def test_other_values_in_the_same_question_use_the_same_statement(sheet: TableClient) -> None:
    row_query._page.cache_clear()
    for number in range(5):
        await sheet.rows(filter={"or": [is_(NUMBER, "GT", number), is_(ITEM, "IN", [str(number), "x", "y"])]})
    assert row_query._page.cache_info().currsize == 1
    for number in range(row_query.CACHE_SIZE + 20):
        shape = row_query.QueryShape(sorts=(SortKey(f"c{number}", ColumnType.TEXT, False),))
        row_query.page(shape, None, Part.WHOLE, backwards=False)
    assert row_query._page.cache_info().currsize == row_query.CACHE_SIZE


async def test_values_that_look_like_sql_are_values(sheet: TableClient) -> None:
    text = "' OR 1=1 --"
    assert found(await sheet.rows(filter=is_(ITEM, "EQ", text))) == []
    await sheet.add({ITEM: text})
    assert found(await sheet.rows(filter=is_(ITEM, "CONTAINS", "' or 1=1"))) == [{ITEM: text}]


async def test_other_tables_with_other_types_do_not_get_in_the_way(
    sheet: TableClient, world: World, tmp_path: Path
) -> None:
    columns = [{"name": f"Text {n}", "type": "TEXT"} for n in range(7)]
    other = await TableClient.new(world, tmp_path, columns, viewer=sheet.viewer, product=sheet.product)
    await other.add({f"c{n}": "[not a number" for n in range(1, 8)})
    for column, value in ((NUMBER, 9), (PRICE, "9"), (TAGS, None), (PAID, None), (AT, "2025-12-31T10:00:00Z")):
        op = "EQ" if value is None else "GTE"
        rows = await sheet.rows(filter=is_(column, op, value), sort=[{"column": column}])
        assert rows["totalCount"] == len(rows["nodes"])


async def test_a_filtered_page_costs_as_many_statements_as_it_has_to(
    sheet: TableClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = """query P($id: ID!, $filter: RowFilter) { table(id: $id) { rows(first: 5, filter: $filter,
      sort: [{column: "c2"}]) { totalCount nodes { id values } } } }"""
    requested = is_(NUMBER, "GT", 0)
    assert await counted(sheet, database, monkeypatch, document, id=sheet.id, filter=requested) == 4


async def test_a_large_table_is_searched_beside_the_event_loop(
    sheet: TableClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resolvers.tables.row_pages.MAX_INLINE", 0)
    filled = where(NUMBER, lambda v: v > 0)
    requested = is_(NUMBER, "GT", 0)
    assert await walked(sheet, "first", "after", 2, filter=requested) == filled
    assert (await sheet.rows(filter=requested))["totalCount"] == len(filled)
    assert await walked(sheet, "last", "before", 2, sort=[{"column": PRICE}]) == in_order((PRICE, False))
    stranger = sheet.seen_by(await sheet.product.world.person("eve"))
    assert await stranger.run("query T($id: ID!) { table(id: $id) { rows { totalCount } } }", id=sheet.id) == {
        "table": None
    }
