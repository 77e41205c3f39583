"""Columns that are marked for filtering have an index, which answers the same questions, and quickly."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from strawberry import ID

from db.core.engine import Database
from db.core.sqlite import SQLite
from db.models.tables import Table
from db.tables.editing.column_rules import MAX_INDEXED_COLUMNS
from db.tables.query import cell_indexes, index_planner, row_query
from db.tables.query.filters import FilterOp
from db.tables.query.sort_sql import Part
from db.tables.tables import column_of, columns_of
from resolvers.core.ids import decode_id
from resolvers.tables.rows import RowFilter, RowSort
from tests.support.app import App
from tests.support.client import Client
from tests.support.databases.inspection import drop_cell_indexes
from tests.support.processes.waiting import until
from tests.support.tables.row_paging import walked
from tests.support.tables.sample_rows import COMPARED, KEYS, ORDERS, VALUES, compared, found, in_order, is_
from tests.support.tables.table_client import AT, COLUMNS, DAY, ITEM, NUMBER, PRICE, TAGS, Refused, TableClient
from tests.support.world import World

MARKED = [ITEM, NUMBER, PRICE, DAY, AT]


def marked() -> list[dict[str, Any]]:
    return [{**column, "isIndexed": f"c{n}" in MARKED} for n, column in enumerate(COLUMNS, 1)]


async def indexed(world: World, directory: Path, *rows: dict[str, Any]) -> TableClient:
    """A table with indexes."""
    sheet = await TableClient.new(world, directory, marked())
    await sheet.add(*rows)
    await cell_indexes.sync_indexes(world.database, decode_id(sheet.id, Table))
    return sheet


@pytest.mark.usefixtures("dropped_indexes")
@pytest.mark.parametrize(("few", "many"), [(index_planner.MAX_SORTED_HITS, index_planner.MAX_SORTED_ENTRIES), (1, 4)])
async def test_questions_have_the_same_answers_with_indexes(
    world: World, tmp_path: Path, monkeypatch: Any, few: int, many: int
) -> None:
    """The limits are set so that the indexes have few, many or too many hits."""
    monkeypatch.setattr(index_planner, "MAX_SORTED_HITS", few)
    monkeypatch.setattr(index_planner, "MAX_SORTED_ENTRIES", many)
    sheet = await indexed(world, tmp_path, *VALUES)
    assert len(await world.database.index_names(cell_indexes.PREFIX)) == len(MARKED)
    for column, value in COMPARED:
        for op, expected in compared(column, value):
            assert found(await sheet.rows(filter=is_(column, op, value))) == expected, (column, op, value)
    for column in KEYS:
        empty = [row for row in VALUES if column not in row]
        assert found(await sheet.rows(filter=is_(column, "IS_EMPTY"))) == empty, column
        filled = await sheet.rows(filter=is_(column, "IS_EMPTY", False))
        assert found(filled) == [row for row in VALUES if column in row], column
    listed = [row for row in VALUES if row.get(NUMBER) in (9, 2)]
    assert found(await sheet.rows(filter=is_(NUMBER, "IN", [9, 2]))) == listed
    for start in ("a", "A", "ä", "x" * 120):
        begun = [row for row in VALUES if row.get(ITEM, "").lower().startswith(start.lower()) and ITEM in row]
        rows = await sheet.rows(filter=is_(ITEM, "STARTS_WITH", start))
        assert (found(rows), rows["totalCount"]) == (begun, len(begun)), start
    for orders in ORDERS:
        sort = [{"column": column, "descending": descending} for column, descending in orders]
        rows = await sheet.rows(sort=sort)
        assert (found(rows), rows["totalCount"]) == (in_order(*orders), len(VALUES)), orders
        if orders[0][0] in MARKED:
            assert await walked(sheet, "first", "after", 2, sort=sort) == in_order(*orders), orders
            assert await walked(sheet, "last", "before", 2, sort=sort) == in_order(*orders), orders


@pytest.mark.usefixtures("dropped_indexes")
async def test_a_long_text_is_found_and_sorted_by_its_index(world: World, tmp_path: Path) -> None:
    long = ["x" * 150 + end for end in ("c", "A", "b")]
    sheet = await indexed(world, tmp_path, *({ITEM: text} for text in [*long, "é" * 32_000, "a"]))
    assert found(await sheet.rows(filter=is_(ITEM, "EQ", long[1]))) == [{ITEM: long[1]}]
    assert found(await sheet.rows(filter=is_(ITEM, "GT", long[1]))) == [
        {ITEM: t} for t in (long[0], long[2], "é" * 32_000)
    ]
    assert found(await sheet.rows(filter=is_(ITEM, "STARTS_WITH", "x" * 150 + "b"))) == [{ITEM: long[2]}]
    expected = ["a", long[1], long[2], long[0], "é" * 32_000]
    for descending in (False, True):
        sort = [{"column": ITEM, "descending": descending}]
        for way in (("first", "after"), ("last", "before")):
            rows = await walked(sheet, *way, 2, sort=sort)
            assert [row[ITEM] for row in rows] == (expected[::-1] if descending else expected), (descending, way)


@pytest.mark.usefixtures("dropped_indexes")
async def test_rows_with_the_same_value_are_paged_in_their_own_order(world: World, tmp_path: Path) -> None:
    rows = [{ITEM: ("open", "Open", "done")[n % 3], NUMBER: n % 2, PRICE: f"{n}.00"} for n in range(24)]
    sheet = await indexed(world, tmp_path, *rows)
    for column in (ITEM, NUMBER):
        for descending in (False, True):
            values = sorted({row[column] for row in rows}, key=lambda value: (str(value).lower(), value))
            ordered = [
                row for value in (values[::-1] if descending else values) for row in rows if row[column] == value
            ]
            sort = [{"column": column, "descending": descending}]
            assert await walked(sheet, "first", "after", 5, sort=sort) == ordered, (column, descending)
            assert await walked(sheet, "last", "before", 5, sort=sort) == ordered, (column, descending)


@pytest.mark.usefixtures("dropped_indexes")
async def test_an_index_serves_only_the_questions_that_it_makes_faster(
    world: World, tmp_path: Path, monkeypatch: Any
) -> None:
    sheet = await indexed(world, tmp_path, *({ITEM: f"Item {n}", NUMBER: n, PRICE: f"{n % 9}.5"} for n in range(60)))
    monkeypatch.setattr(index_planner, "MAX_SORTED_HITS", 20)
    monkeypatch.setattr(index_planner, "MAX_SORTED_ENTRIES", 40)
    database, table_id = world.database, decode_id(sheet.id, Table)
    columns = {row.key: column_of(row) for row in await database.read(columns_of, sheet.viewer, ids=[table_id])}

    async def index_of(filter: dict[str, Any] | None, sort: str | None = None) -> tuple[str | None, str | None]:
        """Of which columns are the indexes that serve the page and the total."""
        by = [RowSort(column=ID(sort))] if sort else None
        selection = row_query.parse_row_query(columns, asked(filter), by, None)
        shape, keys = selection.shape, index_planner.columns_to_count(selection.shape)
        arguments = {
            **selection.values,
            "table_id": table_id,
            "max_hits": index_planner.max_counted_hits(shape, database.dialect),
        }
        counts = (
            await database.read(index_planner.hit_counts(shape.where, table_id, keys), sheet.viewer, **arguments)
            if keys
            else [()]
        )
        hits = dict(zip(keys, counts[0], strict=True))
        page = index_planner.choose_index(shape, table_id, hits, database.dialect)
        if index_planner.scans_index(page):
            arguments = {**selection.values, "table_id": table_id}
            page = index_planner.choose_by_sample(
                page, (await database.read(index_planner.sample_hits(page), sheet.viewer, **arguments))[0].total
            )
        return page.index_key, index_planner.choose_index_for_total(shape, table_id, hits).index_key

    is_sqlite = isinstance(database, SQLite)
    few, many, most = (is_(NUMBER, "GTE", 60 - count) for count in (10, 30, 50))
    assert await index_of(few) == (NUMBER, NUMBER)
    assert await index_of(many) == (NUMBER if is_sqlite else None, NUMBER)
    assert await index_of(most) == (None, NUMBER)
    assert await index_of(few, PRICE) == (NUMBER, NUMBER)
    assert await index_of(many, PRICE) == (PRICE, NUMBER)
    assert await index_of(many, NUMBER) == (NUMBER, NUMBER)
    assert await index_of({"and": [many, is_(ITEM, "STARTS_WITH", "item 5")]}) == (ITEM, ITEM)
    assert await index_of({"and": [many, is_(TAGS, "IS_EMPTY")]}) == (None, None)
    assert await index_of(None, ITEM) == (ITEM, None)
    assert await index_of(is_(TAGS, "IS_EMPTY"), NUMBER) == (NUMBER, None)
    assert await index_of(is_(TAGS, "IS_EMPTY", False), NUMBER) == (None, None)
    assert await index_of(is_(ITEM, "CONTAINS", "item 5"), NUMBER) == (NUMBER, None)
    assert await index_of(is_(ITEM, "CONTAINS", "item 57"), NUMBER) == (None, None)


@pytest.mark.usefixtures("dropped_indexes")
async def test_indexes_of_an_earlier_version_are_made_anew(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, marked()[:1])
    table_id = decode_id(sheet.id, Table)
    old = f"{cell_indexes.PREFIX}{table_id.hex}_c1_text"
    await world.database.define(f"CREATE INDEX {old} ON rows (position)")
    await cell_indexes.drop_stale_indexes(world.database)
    assert set(await world.database.index_names(cell_indexes.PREFIX)) == {old.replace("c1_", "c1_by_")}


QUESTIONS: list[tuple[str, dict[str, Any] | None, str | None, Part]] = [
    (NUMBER, is_(NUMBER, "EQ", 7), None, Part.WHOLE),
    (PRICE, {"and": [is_(PRICE, "GT", "14.90"), is_(TAGS, "IS_EMPTY")]}, None, Part.WHOLE),
    (ITEM, is_(ITEM, "EQ", "Item 7"), None, Part.WHOLE),
    (DAY, is_(DAY, "EQ", "2010-01-01"), None, Part.WHOLE),
    (DAY, None, DAY, Part.TRUNCATED),
    (NUMBER, None, NUMBER, Part.TRUNCATED),
    (NUMBER, None, NUMBER, Part.EMPTY),
    (ITEM, None, ITEM, Part.TRUNCATED),
]


@pytest.mark.usefixtures("dropped_indexes")
async def test_the_plans_use_the_index(world: World, tmp_path: Path) -> None:
    rows = [
        {ITEM: f"Item {n}", NUMBER: n, PRICE: f"{n / 100:.2f}", DAY: f"20{n % 90 + 10}-01-0{n % 9 + 1}"}
        for n in range(1_500)
    ]
    sheet = await indexed(world, tmp_path, *rows)
    database, table_id = world.database, decode_id(sheet.id, Table)
    columns = {column["key"]: column for column in (await sheet.table())["columns"]}
    assert set(columns) >= set(MARKED)
    for column, filter, sort, part in QUESTIONS:
        plan = await explained(sheet, database, table_id, filter, sort, part)
        assert f"ix_cells_{table_id.hex}_{column}_" in plan, (column, filter, sort, part, plan)


async def explained(
    sheet: TableClient, database: Database, table_id: UUID, filter: dict[str, Any] | None, sort: str | None, part: Part
) -> str:
    """The plan of a page of such a question, in the words of the database."""
    columns = {row.key: column_of(row) for row in await database.read(columns_of, sheet.viewer, ids=[table_id])}
    by = [RowSort(column=ID(sort))] if sort else None
    selection = row_query.parse_row_query(columns, asked(filter), by, None)
    hits = dict.fromkeys(index_planner.columns_to_count(selection.shape), index_planner.MAX_SORTED_HITS)
    shape = index_planner.choose_index(selection.shape, table_id, hits, database.dialect)
    query = row_query.page(shape, None, part, backwards=False).plan(database.dialect, sheet.viewer)
    values = query.values(sheet.viewer, {**selection.values, "table_id": table_id, "limit": 101})
    if isinstance(database, SQLite):
        return str(database.reader.execute(f"EXPLAIN QUERY PLAN {query.sql}", values).fetchall())
    connection = await asyncpg.connect(database.url, timeout=10)  # type: ignore[attr-defined]  # the other kind has a URL
    await connection.execute("ANALYZE rows")
    plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {query.sql}", *values)
    await connection.close()
    return json.dumps(json.loads(plan))


def asked(filter: dict[str, Any] | None) -> RowFilter | None:
    if filter is None:
        return None
    arguments = {**filter, **({"and_": [asked(part) for part in filter["and"]]} if "and" in filter else {})}
    arguments.pop("and", None)
    if "op" in arguments:
        arguments["op"] = FilterOp(arguments["op"])
    return RowFilter(**arguments)


async def names(app: App) -> set[str]:
    """Return the complete indexes, such as "c1_text"."""
    there = await app.backend.database.index_names(cell_indexes.PREFIX)
    return {"_".join(name.split("_")[3:]).replace("by_", "") for name, whole in there.items() if whole}


async def have(app: App, *expected: str) -> None:
    async def are_there() -> bool:
        return await names(app) == set(expected)

    await until(are_there, seconds=30)


async def test_the_indexes_follow_the_columns(app: App) -> None:
    ann: Client = await app.person()
    columns = [{"name": "Item", "type": "TEXT", "isIndexed": True}, {"name": "Price", "type": "DECIMAL"}]
    table = (await ann.mutate("createTable", "{ table { id columns { isIndexed } } }", name="Costs", columns=columns))[
        "table"
    ]
    assert [column["isIndexed"] for column in table["columns"]] == [True, False]
    await have(app, "c1_text")
    changed = "{ column { isIndexed } revision { summary } }"
    created = await ann.mutate("updateColumn", changed, tableId=table["id"], key="c2", isIndexed=True)
    assert created == {"column": {"isIndexed": True}, "revision": {"summary": "1 column changed"}}
    await have(app, "c1_text", "c2_decimal")
    await ann.mutate("updateColumn", changed, tableId=table["id"], key="c2", type="TEXT")
    await have(app, "c1_text", "c2_text")
    await ann.mutate("deleteColumn", "{ deletedKey }", tableId=table["id"], key="c1")
    await have(app, "c2_text")
    await ann.mutate("undoRevision", "{ table { id } }", tableId=table["id"], revision=4)
    await have(app, "c1_text", "c2_text")
    await ann.mutate("updateColumn", changed, tableId=table["id"], key="c1", isIndexed=False)
    await have(app, "c2_text")
    await cell_indexes.drop_stale_indexes(app.backend.database)
    assert await names(app) == {"c2_text"}
    await drop_cell_indexes(app.backend.database)


@pytest.mark.usefixtures("dropped_indexes")
async def test_a_table_has_a_few_and_the_database_many(world: World, tmp_path: Path, monkeypatch: Any) -> None:
    sheet = await TableClient.new(world, tmp_path, marked())
    before = await sheet.table()
    for mutation, arguments, field in (
        ("updateColumn", {"key": "c4", "isIndexed": True}, "isIndexed"),
        ("addColumn", {"column": {"name": "More", "type": "TEXT", "isIndexed": True}}, "column.isIndexed"),
        ("updateColumn", {"key": TAGS, "isIndexed": True}, "isIndexed"),
    ):
        with pytest.raises(Refused) as refused:
            await sheet.mutate(mutation, "{ table { id } }", tableId=sheet.id, **arguments)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", [field])
    columns = [{"name": f"C{n}", "type": "TEXT", "isIndexed": True} for n in range(MAX_INDEXED_COLUMNS + 1)]
    with pytest.raises(Refused, match="at most 5 indexed columns"):
        await sheet.mutate("createTable", "{ table { id } }", name="Wide", columns=columns)
    assert await sheet.table() == before
    monkeypatch.setattr(cell_indexes, "MAX_INDEXES", 2)
    with pytest.raises(cell_indexes.TooManyIndexes):
        await cell_indexes.sync_indexes(world.database, decode_id(sheet.id, Table))
    assert len(await world.database.index_names(cell_indexes.PREFIX)) <= 2
    assert found(await sheet.rows(sort=[{"column": ITEM}])) == []


@pytest.mark.usefixtures("dropped_indexes")
async def test_several_may_make_the_same_indexes_at_once(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, marked()[:2])
    making = (cell_indexes.sync_indexes(world.database, decode_id(sheet.id, Table)) for _ in range(2))
    await asyncio.gather(*making, return_exceptions=True)
    await cell_indexes.sync_indexes(world.database, decode_id(sheet.id, Table))
    assert all((await world.database.index_names(cell_indexes.PREFIX)).values())
