"""Index use: EXPLAIN of every prepared read, for a viewer without special rights."""

import importlib
import json
import pkgutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import select
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

import db
from auth.viewer import Viewer
from db.core.base import Base
from db.core.dialect_sql import OneOf
from db.core.pagination import Listing
from db.core.prepared import Plan, Prepared
from db.core.unit_connection import driver_dialect
from tests.support.databases.query_plans import TABLE_SCAN, plan_nodes, variants

# Only superusers list all users. Nothing limits this list, so it is read in the order of the primary key.
# Reads of a whole table on purpose: a superuser lists everybody, the scheduler looks at every linked sheet.
WHOLE = {"users.all_users": "users", "sheet_links.outdated_links": "sheet_links"}
PARTIAL_INDEXES = """SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE indpred IS NOT NULL AND relnamespace = 'public'::regnamespace"""
ANYBODY = Viewer(uuid4())


def reads() -> dict[str, Prepared[Any]]:
    """Return every prepared read of the data layer by name, lists with and without each of their conditions."""
    results: dict[str, Prepared[Any]] = {}
    for path in sorted(
        module.name for module in pkgutil.walk_packages(db.__path__, "db.") if ".migrations" not in module.name
    ):
        module = path.rpartition(".")[2]
        for name, value in vars(importlib.import_module(path)).items():
            if isinstance(value, Prepared):
                results[f"{module}.{name}"] = value
            elif isinstance(value, dict):
                results |= {f"{module}.{name} {key}": each for key, each in value.items() if isinstance(each, Prepared)}
            elif isinstance(value, Listing):
                results |= {f"{module}.{name} {variant}": query for variant, query in variants(value)}
    for mapper in Base.registry.mappers:
        query: Prepared[Any] = Prepared(select(mapper.class_).where(OneOf(mapper.class_.id)))
        results[f"{mapper.class_.__name__} by id"] = query
    return results


def test_there_are_reads_to_explain() -> None:
    names = {name.partition(" ")[0] for name in reads()}
    assert {"users.by_email", "conversations.all_conversations", "messages.of_conversation", "Message"} <= names


def test_sqlite_scans_no_table(sqlite_url: str) -> None:
    connection = sqlite3.connect(Path(sqlite_url.removeprefix("sqlite:///")))
    dialect = SQLiteDialect_pysqlite(paramstyle="qmark")
    scans: dict[str, list[str]] = {}
    for name, query in reads().items():
        plan = query.plan(dialect, ANYBODY)
        steps = connection.execute(f"EXPLAIN QUERY PLAN {plan.sql}", [None] * len(plan.names)).fetchall()
        assert steps, name
        scanned = [step[3] for step in steps if TABLE_SCAN.match(step[3])]
        if scanned:
            scans[name] = scanned
    connection.close()
    assert scans == {}


async def test_postgresql_has_an_index_for_every_condition(postgres_url: str) -> None:
    """PostgreSQL scans empty tables. With sequential scans disabled it does so only where no index fits."""
    connection = await asyncpg.connect(postgres_url, timeout=10)
    await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    dialect = driver_dialect("postgresql")
    scans: dict[str, list[str]] = {}
    for name, query in reads().items():
        plan = query.plan(dialect, ANYBODY)
        scanned = await scanned_whole(connection, plan)
        if scanned:
            # An empty partial index costs nothing to walk, so another one that fits is not chosen beside it.
            async with rolled_back(connection):
                for (index,) in await connection.fetch(PARTIAL_INDEXES):
                    await connection.execute(f"DROP INDEX {index}")
                scanned = await scanned_whole(connection, plan)
        if (whole := WHOLE.get(name.partition(" ")[0])) is not None:
            scanned = [kind for kind in scanned if "total" not in name and kind != f"Index Scan {whole}"]
        if scanned:
            scans[name] = scanned
    await connection.close()
    assert scans == {}


def unconditional(node: dict[str, Any]) -> bool:
    """Return True if a node of a plan reads a whole table or a whole index."""
    through_index = node["Node Type"] in ("Index Scan", "Index Only Scan", "Bitmap Index Scan")
    return node["Node Type"] == "Seq Scan" or (through_index and "Index Cond" not in node)


async def scanned_whole(connection: Any, plan: Plan) -> list[str]:
    """Return the nodes of a statement's plan that read a whole table or a whole index."""
    await connection.execute(f"PREPARE explained AS {plan.sql}")
    nothing = ", ".join(["NULL"] * len(plan.names))
    execute = f"EXECUTE explained ({nothing})" if nothing else "EXECUTE explained"
    (explained,) = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {execute}"))
    await connection.execute("DEALLOCATE explained")
    whole = [node for node in plan_nodes(explained["Plan"]) if unconditional(node)]
    return [f"{node['Node Type']} {node.get('Relation Name')}" for node in whole]


@asynccontextmanager
async def rolled_back(connection: Any) -> AsyncIterator[None]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()
