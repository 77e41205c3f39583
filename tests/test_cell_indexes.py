"""Columns that are marked for filtering have an index, which answers the same questions, and quickly."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from strawberry import ID

from db import cell_indexes, selections
from db.columns import MAX_INDEXED
from db.engine import Database
from db.filters import FilterOp
from db.selections import Part
from db.sqlite import SQLite
from db.tables import Table, column_of, columns_of
from resolvers.ids import key
from resolvers.rows import RowFilter, RowSort
from tests.client import Client
from tests.conftest import World
from tests.sheet import AT, COLUMNS, DAY, ITEM, NUMBER, PRICE, TAGS, Refused, Sheet
from tests.site import Site, site
from tests.test_filters import COMPARED, KEYS, ORDERS, VALUES, compared, found, in_order, is_, walked
from tests.waiting import until

__all__ = ["site"]
MARKED = [ITEM, NUMBER, PRICE, DAY, AT]


@pytest.fixture
async def nothing_is_left(database: Database) -> AsyncIterator[None]:
    """Tests share the tables of a PostgreSQL database, and would share their indexes."""
    yield
    await drop_all(database)


async def drop_all(database: Database) -> None:
    for name in await database.index_names(cell_indexes.PREFIX):
        await database.define(f"DROP INDEX {name}")


def marked() -> list[dict[str, Any]]:
    return [{**column, "isIndexed": f"c{n}" in MARKED} for n, column in enumerate(COLUMNS, 1)]


async def indexed(world: World, directory: Path, *rows: dict[str, Any]) -> Sheet:
    """A table with indexes."""
    sheet = await Sheet.new(world, directory, marked())
    await sheet.add(*rows)
    await cell_indexes.bring_about(world.database, key(sheet.id, Table))
    return sheet


@pytest.mark.usefixtures("nothing_is_left")
async def test_questions_have_the_same_answers_with_indexes(world: World, tmp_path: Path) -> None:
    sheet = await indexed(world, tmp_path, *VALUES)
    assert len(await world.database.index_names(cell_indexes.PREFIX)) == len(MARKED)
    for column, value in COMPARED:
        for op, expected in compared(column, value):
            assert found(await sheet.rows(filter=is_(column, op, value))) == expected, (column, op, value)
    for column in KEYS:
        empty = [row for row in VALUES if column not in row]
        assert found(await sheet.rows(filter=is_(column, "IS_EMPTY"))) == empty, column
    few = [row for row in VALUES if row.get(NUMBER) in (9, 2)]
    assert found(await sheet.rows(filter=is_(NUMBER, "IN", [9, 2]))) == few
    for orders in ORDERS:
        sort = [{"column": column, "descending": descending} for column, descending in orders]
        rows = await sheet.rows(sort=sort)
        assert (found(rows), rows["totalCount"]) == (in_order(*orders), len(VALUES)), orders
        if orders[0][0] in MARKED:
            assert await walked(sheet, "first", "after", 2, sort=sort) == in_order(*orders), orders
            assert await walked(sheet, "last", "before", 2, sort=sort) == in_order(*orders), orders


@pytest.mark.usefixtures("nothing_is_left")
async def test_a_long_text_is_found_and_sorted_by_its_index(world: World, tmp_path: Path) -> None:
    long = ["x" * 150 + end for end in ("c", "A", "b")]
    sheet = await indexed(world, tmp_path, *({ITEM: text} for text in [*long, "é" * 32_000, "a"]))
    assert found(await sheet.rows(filter=is_(ITEM, "EQ", long[1]))) == [{ITEM: long[1]}]
    assert found(await sheet.rows(filter=is_(ITEM, "GT", long[1]))) == [
        {ITEM: t} for t in (long[0], long[2], "é" * 32_000)
    ]
    expected = ["a", long[1], long[2], long[0], "é" * 32_000]
    assert [row[ITEM] for row in found(await sheet.rows(sort=[{"column": ITEM}]))] == expected


QUESTIONS: list[tuple[str, dict[str, Any] | None, str | None, Part]] = [
    (NUMBER, is_(NUMBER, "EQ", 7), None, Part.WHOLE),
    (PRICE, {"and": [is_(PRICE, "GT", "14.90"), is_(TAGS, "IS_EMPTY")]}, None, Part.WHOLE),
    (ITEM, is_(ITEM, "EQ", "Item 7"), None, Part.WHOLE),
    (DAY, is_(DAY, "EQ", "2010-01-01"), None, Part.WHOLE),
    (DAY, None, DAY, Part.FILLED),
    (NUMBER, None, NUMBER, Part.FILLED),
    (NUMBER, None, NUMBER, Part.EMPTY),
    (ITEM, None, ITEM, Part.FILLED),
]


@pytest.mark.usefixtures("nothing_is_left")
async def test_the_plans_use_the_index(world: World, tmp_path: Path) -> None:
    rows = [
        {ITEM: f"Item {n}", NUMBER: n, PRICE: f"{n / 100:.2f}", DAY: f"20{n % 90 + 10}-01-0{n % 9 + 1}"}
        for n in range(1_500)
    ]
    sheet = await indexed(world, tmp_path, *rows)
    database, table_id = world.database, key(sheet.id, Table)
    columns = {column["key"]: column for column in (await sheet.table())["columns"]}
    assert set(columns) >= set(MARKED)
    for column, filter, sort, part in QUESTIONS:
        plan = await explained(sheet, database, table_id, filter, sort, part)
        assert f"ix_cells_{table_id.hex}_{column}_" in plan, (column, filter, sort, part, plan)


async def explained(
    sheet: Sheet, database: Database, table_id: UUID, filter: dict[str, Any] | None, sort: str | None, part: Part
) -> str:
    """The plan of a page of such a question, in the words of the database."""
    columns = {row.key: column_of(row) for row in await database.read(columns_of, sheet.viewer, ids=[table_id])}
    by = [RowSort(column=ID(sort))] if sort else None
    selection = selections.select_rows(table_id, columns, asked(filter), by, None)
    assert selection.shape.table_id == table_id
    query = selections.rows(selection.shape, None, part, backwards=False).plan(database.dialect, sheet.viewer)
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
    given = {**filter, **({"and_": [asked(part) for part in filter["and"]]} if "and" in filter else {})}
    given.pop("and", None)
    if "op" in given:
        given["op"] = FilterOp(given["op"])
    return RowFilter(**given)


async def names(site: Site) -> set[str]:
    """What is indexed, as "c1_text"; half an index is none."""
    there = await site.backend.database.index_names(cell_indexes.PREFIX)
    return {"_".join(name.split("_")[3:]) for name, whole in there.items() if whole}


async def have(site: Site, *expected: str) -> None:
    async def are_there() -> bool:
        return await names(site) == set(expected)

    await until(are_there, seconds=30)


async def test_the_indexes_follow_the_columns(site: Site) -> None:
    ann: Client = await site.person()
    columns = [{"name": "Item", "type": "TEXT", "isIndexed": True}, {"name": "Price", "type": "DECIMAL"}]
    table = (await ann.mutate("createTable", "{ table { id columns { isIndexed } } }", name="Costs", columns=columns))[
        "table"
    ]
    assert [column["isIndexed"] for column in table["columns"]] == [True, False]
    await have(site, "c1_text")
    changed = "{ column { isIndexed } revision { summary } }"
    made = await ann.mutate("updateColumn", changed, tableId=table["id"], key="c2", isIndexed=True)
    assert made == {"column": {"isIndexed": True}, "revision": {"summary": "1 column changed"}}
    await have(site, "c1_text", "c2_number")
    await ann.mutate("updateColumn", changed, tableId=table["id"], key="c2", type="TEXT")
    await have(site, "c1_text", "c2_text")
    await ann.mutate("deleteColumn", "{ deletedKey }", tableId=table["id"], key="c1")
    await have(site, "c2_text")
    await ann.mutate("undoRevision", "{ table { id } }", tableId=table["id"], revision=4)
    await have(site, "c1_text", "c2_text")
    await ann.mutate("updateColumn", changed, tableId=table["id"], key="c1", isIndexed=False)
    await have(site, "c2_text")
    await cell_indexes.drop_left(site.backend.database)
    assert await names(site) == {"c2_text"}
    await drop_all(site.backend.database)


@pytest.mark.usefixtures("nothing_is_left")
async def test_a_table_has_a_few_and_the_database_many(world: World, tmp_path: Path, monkeypatch: Any) -> None:
    sheet = await Sheet.new(world, tmp_path, marked())
    before = await sheet.table()
    for mutation, given, field in (
        ("updateColumn", {"key": "c4", "isIndexed": True}, "isIndexed"),
        ("addColumn", {"column": {"name": "More", "type": "TEXT", "isIndexed": True}}, "column.isIndexed"),
        ("updateColumn", {"key": TAGS, "isIndexed": True}, "isIndexed"),
    ):
        with pytest.raises(Refused) as refused:
            await sheet.mutate(mutation, "{ table { id } }", tableId=sheet.id, **given)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", [field])
    columns = [{"name": f"C{n}", "type": "TEXT", "isIndexed": True} for n in range(MAX_INDEXED + 1)]
    with pytest.raises(Refused, match="at most 5 indexed columns"):
        await sheet.mutate("createTable", "{ table { id } }", name="Wide", columns=columns)
    assert await sheet.table() == before
    monkeypatch.setattr(cell_indexes, "MAX_INDEXES", 2)
    with pytest.raises(cell_indexes.TooManyIndexes):
        await cell_indexes.bring_about(world.database, key(sheet.id, Table))
    assert len(await world.database.index_names(cell_indexes.PREFIX)) <= 2
    assert found(await sheet.rows(sort=[{"column": ITEM}])) == []


@pytest.mark.usefixtures("nothing_is_left")
async def test_several_may_make_the_same_indexes_at_once(world: World, tmp_path: Path) -> None:
    sheet = await Sheet.new(world, tmp_path, marked()[:2])
    making = (cell_indexes.bring_about(world.database, key(sheet.id, Table)) for _ in range(2))
    await asyncio.gather(*making, return_exceptions=True)
    await cell_indexes.bring_about(world.database, key(sheet.id, Table))
    assert all((await world.database.index_names(cell_indexes.PREFIX)).values())
