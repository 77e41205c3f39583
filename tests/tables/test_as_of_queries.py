"""Earlier rows are filtered, sorted, searched and paged, and the answers are those that were given then."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from db.core.base import Visibility
from db.core.engine import Database
from db.models.organizations import Organization
from db.models.tables import Table
from db.tables.history import snapshot, snapshot_cache
from db.tables.history.snapshot_cache import SnapshotCache
from db.tables.query import row_query
from errors import NotFound
from resolvers.core.context import Context
from resolvers.core.ids import decode_id, global_id
from resolvers.tables.as_of_selection import AsOfRows
from tests.support.app import App
from tests.support.processes.waiting import until
from tests.support.tables.random_edits import COLUMNS, Story
from tests.support.tables.sample_rows import ORDERS, VALUES, compared, found, in_order, is_
from tests.support.tables.statement_count import counted
from tests.support.tables.table_client import ITEM, NUMBER, PRICE, TAGS, Refused, TableClient, cell
from tests.support.world import World

ROWS = """query R($id: ID!, $number: Int, $first: Int, $after: String, $last: Int, $before: String, $filter: RowFilter,
  $sort: [RowSort!], $search: String) { table(id: $id) { revision rows(first: $first, after: $after, last: $last,
  before: $before, filter: $filter, sort: $sort, search: $search, asOfRevision: $number) { totalCount
  nodes { id position version values cells { text column { key name type } source { quote } editedBy { email } } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
SHORT = """query S($id: ID!, $number: Int, $filter: RowFilter, $sort: [RowSort!]) { table(id: $id) {
  rows(filter: $filter, sort: $sort, asOfRevision: $number) { totalCount nodes { values updatedAt } } } }"""
PLACES = "{ me { memberships { nodes { id organization { id } } } } }"
STEPS, QUESTIONS = 16, 2
SHEET_ROWS = VALUES


async def rows_of(sheet: TableClient, number: int | None = None, **requested: Any) -> dict[str, Any]:
    if not requested.keys() & {"first", "last"}:
        requested["first"] = 100
    rows: dict[str, Any] = (await sheet.run(ROWS, id=sheet.id, number=number, **requested))["table"]["rows"]
    return rows


async def walked(sheet: TableClient, number: int, *, backwards: bool, **requested: Any) -> list[dict[str, Any]]:
    """All rows that are asked for, three at a time."""
    many, from_, more, edge = ("last", "before", "hasPreviousPage", "startCursor") if backwards else (
        "first", "after", "hasNextPage", "endCursor")  # fmt: skip
    collected: list[dict[str, Any]] = []
    cursor = None
    while True:
        rows = await rows_of(sheet, number, **{many: 3, **({from_: cursor} if cursor else {})}, **requested)
        collected = rows["nodes"] + collected if backwards else collected + rows["nodes"]
        if not rows["pageInfo"][more]:
            return collected
        cursor = rows["pageInfo"][edge]


class Asking:
    """Questions chosen at random that fit the columns of a table."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def question(self, columns: list[dict[str, Any]]) -> dict[str, Any]:
        requested: dict[str, Any] = {}
        if columns and self.random.random() < 0.7:
            requested["filter"] = self.filter(columns, 2)
        if columns and self.random.random() < 0.7:
            chosen = self.random.sample(columns, self.random.randint(1, min(2, len(columns))))
            requested["sort"] = [{"column": c["key"], "descending": self.random.random() < 0.5} for c in chosen]
        if not requested or self.random.random() < 0.3:
            requested["search"] = self.random.choice(["3", "1", ".", "nothing"])
        return requested

    def filter(self, columns: list[dict[str, Any]], depth: int) -> dict[str, Any]:
        if depth and self.random.random() < 0.4:
            parts = [self.filter(columns, depth - 1) for _ in range(2)]
            return self.random.choice([{"and": parts}, {"or": parts}, {"not": parts[0]}])
        column = self.random.choice(columns)
        ops = ["EQ", "NE", "LT", "LTE", "GT", "GTE", "IN", "IS_EMPTY"]
        op = self.random.choice([*ops, "CONTAINS", "STARTS_WITH"] if column["type"] == "TEXT" else ops)
        values = self.random.sample([1, 2, 33, 4], 2)
        read = [value if column["type"] == "INTEGER" else str(value) for value in values]
        return is_(column["key"], op, {"IN": read, "IS_EMPTY": True}.get(op, read[0]))


async def test_every_question_is_answered_as_it_was_then(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, columns=COLUMNS)
    story, asking = Story(sheet, seed=3), Asking(seed=4)
    for _ in range(3):
        await story.add([], ["c1", "c2", "c3"])
    requested: list[tuple[int, dict[str, Any], dict[str, Any]]] = []
    for _ in range(STEPS):
        table = await sheet.table()
        for _ in range(QUESTIONS):
            question = asking.question(table["columns"])
            requested.append((table["revision"], question, await rows_of(sheet, **question)))
        await story.step()
    assert len({number for number, _, _ in requested}) > STEPS // 2
    assert sum(bool(answer["nodes"]) for _, _, answer in requested) > len(requested) // 3
    for number, question, answer in requested:
        assert await rows_of(sheet, number, **question) == answer, (number, question)
    for number, question, answer in requested[:: STEPS // 2]:
        assert await walked(sheet, number, backwards=False, **question) == answer["nodes"], (number, question)
        assert await walked(sheet, number, backwards=True, **question) == answer["nodes"], (number, question)


async def test_each_type_is_compared_and_sorted_as_what_it_means(sheet: TableClient) -> None:
    rows = (await sheet.rows(first=100))["nodes"]
    await sheet.update(*(cell(row, NUMBER, 1) for row in rows[:4]))
    await sheet.delete(*(row["id"] for row in rows))
    for column, value in ((ITEM, "Taxi"), (NUMBER, 9), (PRICE, "12.500")):
        for op, expected in compared(column, value):
            assert found(await rows_of(sheet, 2, filter=is_(column, op, value))) == expected, (column, op)
    tagged = [row for row in VALUES if "b" in [tag.lower() for tag in row.get(TAGS, ())]]
    assert found(await rows_of(sheet, 2, filter=is_(TAGS, "CONTAINS", "b"))) == tagged
    assert found(await rows_of(sheet, 2, search="TAXI")) == [
        row for row in VALUES if "taxi" in row.get(ITEM, "").lower()
    ]
    for orders in ORDERS:
        sort = [{"column": column, "descending": descending} for column, descending in orders]
        rows = await rows_of(sheet, 2, sort=sort)
        assert (found(rows), rows["totalCount"]) == (in_order(*orders), len(VALUES)), orders
    assert (await rows_of(sheet, 1, search="taxi"))["totalCount"] == 0


async def test_a_column_that_was_text_is_compared_as_text(world: World, tmp_path: Path) -> None:
    sheet = await TableClient.new(world, tmp_path, [{"name": "Size", "type": "TEXT"}, {"name": "Old", "type": "TEXT"}])
    await sheet.add({"c1": "10", "c2": "x"}, {"c1": "9"}, {"c1": "100"})
    await sheet.mutate("updateColumn", "{ table { id } }", tableId=sheet.id, key="c1", type="INTEGER", isIndexed=True)
    await sheet.mutate("deleteColumn", "{ table { id } }", tableId=sheet.id, key="c2")
    await sheet.mutate("addColumn", "{ column { key } }", tableId=sheet.id, column={"name": "New", "type": "TEXT"})
    sort = [{"column": "c1"}]
    for number, type_, expected in ((2, "TEXT", ["10", "100", "9"]), (3, "INTEGER", [9, 10, 100])):
        nodes = (await rows_of(sheet, number, sort=sort))["nodes"]
        assert [row["values"]["c1"] for row in nodes] == expected
        assert {row["cells"][0]["column"]["type"] for row in nodes} == {type_}
    assert found(await rows_of(sheet, 2, filter=is_("c1", "GT", "10"))) == [{"c1": "9"}, {"c1": "100"}]
    assert found(await rows_of(sheet, 2, filter=is_("c2", "EQ", "x"))) == [{"c1": "10", "c2": "x"}]
    for number, column in ((2, "c3"), (4, "c2")):
        for requested, field in (({"filter": is_(column, "EQ", "x")}, "filter.column"), (
            {"sort": [{"column": "c1"}, {"column": column}]}, "sort.1.column")):  # fmt: skip
            with pytest.raises(Refused, match=f"At revision {number}: The table has no column '{column}'") as refused:
                await rows_of(sheet, number, **requested)
            assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", [field])


async def test_what_makes_no_sense_is_refused_before_a_copy_is_made(sheet: TableClient) -> None:
    numbered = {"filter": is_(NUMBER, "GT", 0)}
    for number, requested, field in (
        (3, numbered, "asOfRevision"),
        (0, {"search": "x"}, "asOfRevision"),
        (2, {"filter": is_(NUMBER, "GT", "many")}, "filter.value"),
        (1, {"search": "x" * 201}, "search"),
    ):
        with pytest.raises(Refused) as refused:
            await rows_of(sheet, number, **requested)
        assert (refused.value.code, refused.value.fields) == ("BAD_USER_INPUT", [field])
    copies = sheet.product.backend.snapshots
    assert (len(copies._snapshots), len(copies._tasks)) == (0, 0)
    other = (await rows_of(sheet, 2, first=1, sort=[{"column": ITEM}]))["pageInfo"]["endCursor"]
    with pytest.raises(Refused) as refused:
        await rows_of(sheet, 2, first=1, after=other, **numbered)
    assert refused.value.fields == ["after"]
    assert (await rows_of(sheet, 2, filter={}))["totalCount"] == len(VALUES)


async def test_who_may_not_see_the_table_any_more_is_not_answered_by_a_copy(
    sheet: TableClient, world: World, tmp_path: Path
) -> None:
    ann, bob = sheet.viewer, await world.person("bob")
    organization = global_id(Organization, await world.organization(admin=ann, members=[bob]))
    arguments: dict[str, Any] = {"organizationId": organization, "visibility": Visibility.ORGANIZATION.value}
    shared = await TableClient.new(world, tmp_path, viewer=ann, product=sheet.product, **arguments)
    await shared.add({"Item": "Taxi"})
    bobs = shared.seen_by(bob)
    requested = {"number": 2, "filter": is_(ITEM, "EQ", "Taxi")}
    assert (await bobs.run(SHORT, id=shared.id, **requested))["table"]["rows"]["totalCount"] == 1
    waiting = await AsOfRows.of(Context(shared.product.backend, bob), decode_id(shared.id, Table), 2)
    await shared.mutate("updateTable", "{ table { id } }", id=shared.id, visibility="PRIVATE")
    assert await bobs.run(SHORT, id=shared.id, **requested) == {"table": None}
    with pytest.raises(NotFound):
        await waiting.count(row_query.total(row_query.QueryShape()))
    assert (await shared.run(SHORT, id=shared.id, **requested))["table"]["rows"]["totalCount"] == 1


async def test_copies_that_are_made_while_others_change_the_table_are_all_the_same(sheet: TableClient) -> None:
    rows = (await sheet.rows())["nodes"]
    was = await rows_of(sheet, 2, sort=[{"column": PRICE}])
    copies, id_ = sheet.product.backend.snapshots, decode_id(sheet.id, Table)

    async def change() -> None:
        for n, row in enumerate(rows[:3]):
            await sheet.update(cell(row, NUMBER, n), cell(rows[-1], PRICE, n))
            await sheet.delete(row["id"])
            await sheet.undo((await sheet.table())["revision"])
            await sheet.mutate("updateColumn", "{ table { id } }", tableId=sheet.id, key=NUMBER, name=f"Number {n}")

    changing = asyncio.create_task(change())
    while not changing.done():
        copies._evict((id_, 2))
        assert await rows_of(sheet, 2, sort=[{"column": PRICE}]) == was
    await changing


async def test_a_copy_is_made_once_and_forgotten_when_nobody_asks(
    sheet: TableClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies, id_ = SnapshotCache(), decode_id(sheet.id, Table)
    first, second = await asyncio.gather(*(copies.get(world.database, id_, 2) for _ in range(2)))
    assert first is second is await copies.get(world.database, id_, 2)
    monkeypatch.setattr(snapshot_cache, "MAX_SNAPSHOTS", 1)
    await copies.get(world.database, id_, 1)
    assert [*copies._snapshots] == [(id_, 1)]
    # Who has one can go on with it.
    (row,) = await first.read(row_query.total(row_query.QueryShape()))
    assert (row.total, first.row_count) == (len(VALUES), len(VALUES))
    monkeypatch.setattr(snapshot_cache, "IDLE_SECONDS", 0.01)
    await copies.get(world.database, id_, 1)
    await until(lambda: not copies._snapshots)
    await copies.get(world.database, id_, 2)
    making = asyncio.create_task(copies.get(world.database, id_, 1))
    await asyncio.sleep(0)
    await copies.close()
    assert (len(copies._snapshots), len(copies._tasks), len(copies._eviction_timers)) == (0, 0, 0)
    with pytest.raises(asyncio.CancelledError):
        await making
    with pytest.raises(NotFound):
        await copies.get(world.database, uuid4(), 1)


async def test_a_copy_keeps_some_orders_and_sorts_by_others_all_the_same(
    sheet: TableClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "MAX_INDEXED", 1)
    for orders in ([(PRICE, True), (NUMBER, False)], [(ITEM, False)], [(TAGS, True)], [(PRICE, False)]):
        sort = [{"column": column, "descending": descending} for column, descending in orders]
        for backwards in (False, True):
            rows = await walked(sheet, 2, backwards=backwards, sort=sort)
            assert found({"nodes": rows}) == in_order(*orders)
    (copy,) = sheet.product.backend.snapshots._snapshots.values()
    assert copy._indexed == {PRICE}


async def test_copies_have_limits(sheet: TableClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value, code in (
        (snapshot_cache, "MAX_PENDING", 0, "RATE_LIMITED"),
        (snapshot_cache, "TIMEOUT_SECONDS", 0, "RATE_LIMITED"),
        (snapshot, "MAX_BYTES", 4096, "BAD_USER_INPUT"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, value)
            with pytest.raises(Refused) as refused:
                await rows_of(sheet, 2, search="taxi")
            assert refused.value.code == code
    assert (await rows_of(sheet, 2, search="taxi"))["totalCount"] == 3


async def test_a_page_costs_as_many_statements_whatever_its_size(
    sheet: TableClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sheet.update(*(cell(row, NUMBER, 5) for row in (await sheet.rows())["nodes"]))
    requested = {"id": sheet.id, "number": 2, "sort": [{"column": ITEM}]}
    await sheet.run(ROWS, first=1, **requested)
    one = await counted(sheet, database, monkeypatch, ROWS, first=1, **requested)
    assert await counted(sheet, database, monkeypatch, ROWS, first=5, **requested) == one


async def test_a_member_looks_into_the_past_over_http_until_they_are_removed(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    shared = await app.organization(ann, bob)
    arguments = {"organizationId": shared, "visibility": "ORGANIZATION", "columns": [{"name": "Size", "type": "TEXT"}]}
    id_ = (await ann.mutate("createTable", "{ table { id } }", name="Sizes", **arguments))["table"]["id"]
    added = await ann.mutate("addRows", "{ rows { id } }", tableId=id_, rows=[{"c1": "10"}, {"c1": "9"}, {"c1": "x"}])
    await ann.mutate("deleteRows", "{ table { id } }", tableId=id_, rowIds=[added["rows"][2]["id"]])
    await ann.mutate("updateColumn", "{ table { id } }", tableId=id_, key="c1", type="INTEGER")
    requested = {"number": 2, "filter": is_("c1", "LT", "x"), "sort": [{"column": "c1", "descending": True}]}
    rows = (await bob.run(SHORT, id=id_, **requested))["table"]["rows"]
    assert (found(rows), rows["totalCount"]) == ([{"c1": "9"}, {"c1": "10"}], 2)
    membership = next(one["id"] for one in (await bob.run(PLACES))["me"]["memberships"]["nodes"] if
                 one["organization"]["id"] == shared)  # fmt: skip
    await ann.mutate("removeMember", "{ deletedId }", membershipId=membership)
    assert (await bob.run(SHORT, id=id_, **requested))["table"] is None
    assert found((await ann.run(SHORT, id=id_, **requested))["table"]["rows"]) == found(rows)
