"""Costs of queries on a table of 100,000 rows and 12 columns, compared with hand-written SQL on both databases."""

import asyncio
import time
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from assembly.application import application
from db.tables.query import cell_indexes
from resolvers.core.ids import decode
from tests.benchmarks.measuring import Doing, compare
from tests.benchmarks.plain_tables import PlainTable, connection_to, fill
from tests.benchmarks.target import Target
from tests.support.app import App, open_app
from tests.support.client import Client
from tests.support.processes.postgres import postgres_server
from tests.support.processes.waiting import until

ROWS, PUT = 100_000, 5_000
COLUMNS = [
    {"name": f"Column {n}", "type": kind} for n, kind in enumerate(["TEXT", "INTEGER", "DECIMAL", "DATE"] * 3, 1)
]

PAGE = """query P($id: ID!, $filter: RowFilter, $sort: [RowSort!]) { table(id: $id) {
  rows(first: 100, filter: $filter, sort: $sort) { nodes { id version values } } } }"""
SUMMARY = 'query S($id: ID!) { table(id: $id) { summary(column: "c3", groupBy: "c4") { group count sum min max } } }'
PUTTING = "mutation U($input: UpsertRowsInput!) { upsertRows(input: $input) { inserted updated } }"
UPDATE = "mutation U($input: UpdateCellsInput!) { updateCells(input: $input) { rows { version } } }"

PLAIN = 'SELECT id, version, "values" FROM rows WHERE table_id = :table AND deleted_at IS NULL'
ABOVE = {"column": "c2", "op": "GT", "value": 500_000}
QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("page", {}, f"{PLAIN} ORDER BY position, id LIMIT 101"),
    ("page, filtered", {"filter": ABOVE}, f"{PLAIN} AND c2:number > 500000 ORDER BY position, id LIMIT 101"),
    ("page, sorted", {"sort": [{"column": "c3"}]}, f"{PLAIN} ORDER BY c3:number, position, id LIMIT 101"),
    (
        "page, filtered and sorted",
        {"filter": ABOVE, "sort": [{"column": "c3", "descending": True}]},
        f"{PLAIN} AND c2:number > 500000 ORDER BY c3:number DESC, position, id LIMIT 101",
    ),
]
MARKED: list[tuple[str, dict[str, Any], str]] = [
    ("page, sorted, indexed", {"sort": [{"column": "c6"}]}, f"{PLAIN} ORDER BY c6:number, position, id LIMIT 101"),
    (
        "page, filtered and sorted, indexed",
        {"filter": {"column": "c6", "op": "GT", "value": 500_000}, "sort": [{"column": "c6", "descending": True}]},
        f"{PLAIN} AND c6:number > 500000 ORDER BY c6:number DESC, position, id LIMIT 101",
    ),
    (
        "page, few rows, indexed",
        {"filter": {"column": "c6", "op": "GT", "value": 999_900}},
        f"{PLAIN} AND c6:number > 999900 ORDER BY position, id LIMIT 101",
    ),
]


def rows() -> list[dict[str, Any]]:
    random = Random(1)
    result = []
    for n in range(ROWS):
        values: dict[str, Any] = {}
        for first in (1, 5, 9):
            values[f"c{first}"] = f"some text {n}"
            values[f"c{first + 1}"] = random.randrange(1_000_000)
            values[f"c{first + 2}"] = f"{random.randrange(1_000_000) / 100:.2f}"
            values[f"c{first + 3}"] = f"2025-{random.randrange(12) + 1:02}-10"
        result.append(values)
    return result


async def made(client: Client, columns: list[dict[str, Any]] = COLUMNS) -> tuple[str, UUID]:
    """The ids of a new table."""
    table = (await client.mutate("createTable", "{ table { id } }", name="Costs", columns=columns))["table"]["id"]
    decoded = decode(table)
    assert decoded is not None
    return table, decoded[1]


async def tables(directory: Path) -> None:
    """SQLite, then PostgreSQL, whose work is in another process: the figures are wall clock."""
    await _of(f"sqlite:///{directory / 'tables.db'}", directory, "SQLite")
    with postgres_server(directory if directory.stat().st_mode & 0o1 else None) as server:
        await server.create_database("bench")
        await _of(server.url("bench"), directory, "PostgreSQL")


async def _of(url: str, directory: Path, title: str) -> None:
    async with open_app(url, directory, log_level="ERROR") as app:
        ann = await app.person()
        table, id_ = await made(ann)
        connection = await connection_to(url)
        await fill(connection, id_, rows())
        print(f"\nA table of {ROWS:,} rows and 12 columns, {title}, wall clock\n")
        assert ann.token is not None
        ours, plain = Target(application(app.product), "/graphql", ann.token), PlainTable(connection, id_)
        for name, requested, sql in QUESTIONS:
            await _compare(name, ours, {"query": PAGE, "variables": {"id": table, **requested}}, plain.asking(sql))
        grouped = "SELECT c4:text, count(*), sum(c3:number), min(c3:number), max(c3:number) FROM rows WHERE table_id = "
        sql = f"{grouped}:table AND deleted_at IS NULL GROUP BY 1"
        await _compare("summary by group", ours, {"query": SUMMARY, "variables": {"id": table}}, plain.asking(sql))
        await ann.mutate("updateColumn", "{ table { id } }", tableId=table, key="c6", isIndexed=True)
        await until(partial(_is_indexed, app))
        for name, requested, sql in MARKED:
            await _compare(name, ours, {"query": PAGE, "variables": {"id": table, **requested}}, plain.asking(sql))
        await _writes(ann, app, ours, connection)
        await _close(connection)


async def _is_indexed(app: App) -> bool:
    there = await app.backend.database.index_names(cell_indexes.PREFIX)
    return bool(there) and all(there.values())


async def _compare(name: str, ours: Target, body: Any, plain: Any) -> None:
    await compare(name, ours, body, plain, {}, time.perf_counter, rounds=5, calls=3)


async def _writes(ann: Client, app: App, ours: Target, connection: Any) -> None:
    """5,000 rows by key, all of them changed, and one cell; into tables of their own."""
    table, id_ = await made(ann, COLUMNS[:4])
    arguments = [{"c1": f"key {n}", "c2": n, "c3": "1.50", "c4": "2025-01-01"} for n in range(PUT)]
    await ann.mutate("addRows", "{ table { id } }", tableId=table, rows=arguments)
    plain, numbers = PlainTable(connection, id_), count(1)

    def ask() -> Any:
        number = next(numbers)
        changed = [{**row, "c3": f"{number}.25"} for row in arguments]
        return {"query": PUTTING, "variables": {"input": {"tableId": table, "keyColumns": ["c1"], "rows": changed}}}

    async def put(_: Any) -> None:
        number = next(numbers)
        await plain.put([{**row, "c3": f"{number}.75"} for row in arguments])

    await compare("upsert of 5,000 rows", ours, ask, Doing(put), {}, time.perf_counter, rounds=3, calls=1)
    page = await ann.run(PAGE, id=table)
    row = page["table"]["rows"]["nodes"][0]["id"]

    def change() -> Any:
        cell = {"rowId": row, "column": "c1", "value": f"value {next(numbers)}"}
        return {"query": UPDATE, "variables": {"input": {"tableId": table, "cells": [cell]}}}

    async def set_cell(_: Any) -> None:
        await plain.put([{**arguments[1], "c2": next(numbers)}])

    await compare("updateCells", ours, change, Doing(set_cell), {}, time.perf_counter, rounds=5, calls=5)


async def _close(connection: Any) -> None:
    closing = connection.close()
    if asyncio.iscoroutine(closing):
        await closing


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        asyncio.run(tables(Path(name)))
