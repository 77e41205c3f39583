"""`python -m tests.benchmarks` prints, for each operation, its cost and how many times the floor's that is."""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from assembly.application import application
from resolvers.core.ids import decode
from tests.benchmarks.conversations import conversations
from tests.benchmarks.floor import floor
from tests.benchmarks.limits import limits
from tests.benchmarks.measuring import CALLS, ROUNDS, compare
from tests.benchmarks.operations import CONVERSATIONS, ME, MESSAGES, ROWS, UPDATE
from tests.benchmarks.over_http import over_http
from tests.benchmarks.reading import reading
from tests.benchmarks.readings import readings
from tests.benchmarks.streams import streams
from tests.benchmarks.tables import tables
from tests.benchmarks.target import Target
from tests.benchmarks.writers import writers
from tests.support.app import open_app
from tests.support.client import Client


async def people(client: Client) -> tuple[str, str]:
    """50 conversations, one of 100 messages, and a table of 1,000 rows; the ids of those two."""
    text = "What did the trip cost, and who has the receipts? " * 4
    for n in range(49):
        await client.mutate("sendMessage", "{ reply { id } }", text=f"{n} {text}", wait=True)
    answer = await client.mutate("sendMessage", "{ conversation { id } }", text=text, wait=True)
    conversation = answer["conversation"]["id"]
    for _ in range(49):
        await client.mutate("sendMessage", "{ reply { id } }", text=text, conversationId=conversation, wait=True)
    columns = [
        {"name": f"Column {n}", "type": kind} for n, kind in enumerate(["TEXT", "INTEGER", "DECIMAL", "DATE"] * 3)
    ]
    create = "mutation Create($input: CreateTableInput!) { createTable(input: $input) { table { id } } }"
    created = (await client.run(create, input={"name": "Costs", "columns": columns}))["createTable"]
    values = {f"c{n + 1}": v for n, v in enumerate(["some text", 12, "12.50", "2025-03-10"] * 3)}
    await client.mutate("addRows", "{ table { id } }", tableId=created["table"]["id"], rows=[values] * 1_000)
    return conversation, created["table"]["id"]


async def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "bench.db"
        async with open_app(f"sqlite:///{path}", Path(name), log_level="ERROR") as app:
            ann = await app.person()
            me = (await ann.run("{ me { id } }"))["me"]["id"]
            conversation, table = await people(ann)
            asgi = application(app.product)
            assert ann.token is not None
            ours = Target(asgi, "/graphql", ann.token)
            base = floor(path, *(_hexadecimal(id_) for id_ in (me, conversation, table)))
            print(f"{ROUNDS} rounds of {CALLS} calls, SQLite, one process; CPU time but for updateCells\n")
            cpu = time.process_time
            reads: list[tuple[str, str, dict[str, Any]]] = [
                ("me", "/me", {"query": ME}),
                ("20 conversations, last and count", "/conversations", {"query": CONVERSATIONS}),
                ("100 messages", "/messages", {"query": MESSAGES, "variables": {"id": conversation}}),
                ("100 table rows", "/rows", {"query": ROWS, "variables": {"id": table}}),
            ]
            for title, route, body in reads:
                await compare(title, ours, body, Target(base, route), {}, cpu)
            await limits(app, ann.token, [(title, body) for title, _, body in reads])
            await _writes(ann, ours, base, table)
            await readings(app, ann)
            await conversations(app, ann, ours)
        await tables(Path(name))
        reading()
        writers()
        await streams(f"sqlite:///{Path(name) / 'streams.db'}", Path(name))


async def _writes(ann: Client, ours: Target, base: Any, table: str) -> None:
    """A cell that changes each time: the same value again would be no change."""
    rows = (await ann.run(ROWS, id=table))["table"]["rows"]["nodes"]
    count = 0

    def ask() -> Any:
        nonlocal count
        count += 1
        cell = {"rowId": rows[0]["id"], "column": "c1", "value": f"value {count}"}
        return {"query": UPDATE, "variables": {"input": {"tableId": table, "cells": [cell]}}}

    def give() -> Any:
        nonlocal count
        count += 1
        return {"row": _hexadecimal(rows[1]["id"]), "column": "c1", "value": f"value {count}"}

    await compare("updateCells (wall clock)", ours, ask, Target(base, "/updateCells"), give, time.perf_counter)


def _hexadecimal(id_: str) -> str:
    decoded = decode(id_)
    assert decoded is not None
    return decoded[1].hex


if __name__ == "__main__":
    over_http()
    asyncio.run(main())
