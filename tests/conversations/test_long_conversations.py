"""Long conversations: 5,000 messages cost the same statements and row reads as 50."""

import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import event

from db.core.postgresql import READ_SETTINGS, PostgreSQL
from db.core.sqlite import SQLite
from db.models.conversations import Conversation
from resolvers.core.ids import global_id
from tests.support.app import App
from tests.support.client import Client
from tests.support.conversations.long_conversations import create_long_conversation
from tests.support.databases.query_plans import plan_nodes

SHORT, LONG = 50, 5_000
PAGE = 20
FIELDS = """id title messageCount tables { totalCount } messages(last: $last, before: $before, throughId: $throughId) {
  totalCount nodes { id text siblings parent { id } } pageInfo { hasPreviousPage startCursor } }"""
OPEN = f"""query Open($id: ID!, $last: Int = {PAGE}, $before: String, $throughId: ID) {{
  conversation(id: $id) {{ {FIELDS} }} }}"""
SEARCH = "query S($text: String!) { searchMessages(query: $text, first: 20) { nodes { message { id } } } }"
LIST = "query L($text: String!) { conversations(search: $text, first: 20) { nodes { id title } } }"


@dataclass
class Statement:
    """SQL statement with its parameters."""

    sql: str
    values: Any

    @property
    def is_read(self) -> bool:
        return self.sql.startswith("SELECT") and "FOR NO KEY UPDATE" not in self.sql


class StatementLog:
    """Log of all statements of a site, of reads and of write units."""

    def __init__(self, own_app: App) -> None:
        self._database: Any = own_app.backend.database
        self.statements: list[Statement] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator["StatementLog"]:
        fetch, stream = self._database._fetch, self._database._stream
        engine = getattr(self._database.engine, "sync_engine", self._database.engine)

        async def fetched(plan: Any, values: list[Any]) -> Any:
            self.statements.append(Statement(plan.sql, values))
            return await fetch(plan, values)

        def streamed(plan: Any, values: list[Any], batch: int) -> Any:
            self.statements.append(Statement(plan.sql, values))
            return stream(plan, values, batch)

        def executed(_: Any, __: Any, sql: str, values: Any, ___: Any, many: bool) -> None:
            self.statements.append(Statement(sql, None if many else values))

        self._database._fetch, self._database._stream = fetched, streamed
        event.listen(engine, "before_cursor_execute", executed)
        yield self
        event.remove(engine, "before_cursor_execute", executed)
        self._database._fetch, self._database._stream = fetch, stream

    async def of(self, ask: Callable[[], Any]) -> list[Statement]:
        self.statements.clear()
        await ask()
        return list(self.statements)


def client_calls(ann: Client, id: str, word: str) -> dict[str, Callable[[], Any]]:
    """Return the operations of a client in a conversation, by name."""
    seen: dict[str, Any] = {}

    async def look() -> None:
        seen["end"] = (await ann.run(OPEN, id=id))["conversation"]["messages"]

    async def back() -> None:
        page = (await ann.run(OPEN, id=id, before=seen["end"]["pageInfo"]["startCursor"]))["conversation"]["messages"]
        assert (len(page["nodes"]), page["pageInfo"]["hasPreviousPage"]) == (PAGE, True)
        seen["first"] = page["nodes"][0]["parent"]["id"]

    async def through() -> None:
        page = (await ann.run(OPEN, id=id, throughId=seen["first"]))["conversation"]["messages"]
        assert page["nodes"] == seen["end"]["nodes"]

    async def search() -> None:
        (result,) = (await ann.run(SEARCH, text=word))["searchMessages"]["nodes"]
        assert result["message"]["id"]

    async def list_() -> None:
        assert [one["id"] for one in (await ann.run(LIST, text=word))["conversations"]["nodes"]] == [id]

    async def send() -> None:
        payload = await ann.mutate("sendMessage", "{ reply { id } message { siblings } }", conversationId=id, text="Hi")
        await ann.mutate("stopReply", "{ message { status } }", messageId=payload["reply"]["id"])

    async def edit() -> None:
        message = seen["end"]["nodes"][-2]["id"]
        payload = await ann.mutate("editMessage", "{ reply { id } }", messageId=message, text="Hi")
        await ann.mutate("stopReply", "{ message { status } }", messageId=payload["reply"]["id"])

    return {
        "open": look,
        "page back": back,
        "throughId": through,
        "sendMessage": send,
        "editMessage": edit,
        "searchMessages": search,
        "conversations(search)": list_,
    }


class SQLiteWork:
    """Work of statements in instructions of SQLite's virtual machine."""

    def __init__(self, database: SQLite) -> None:
        self._connection = sqlite3.connect(f"{database.path.as_uri()}?mode=ro", uri=True)

    async def of(self, statement: Statement) -> int:
        steps = 0

        def step() -> int:
            nonlocal steps
            steps += 1
            return 0

        self._connection.set_progress_handler(step, 1)
        self._connection.execute(statement.sql, statement.values).fetchall()
        self._connection.set_progress_handler(None, 1)
        return steps

    async def close(self) -> None:
        self._connection.close()


class PostgreSQLWork:
    """Work of statements in rows that PostgreSQL reads, with a custom or a generic plan."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def of(self, statement: Statement) -> int:
        await self._connection.execute(f"PREPARE asked AS {re.sub(r' FOR UPDATE.*', '', statement.sql)}")
        arguments = f"({', '.join(map(literal, statement.values))})" if statement.values else ""
        most = 0
        for mode in ("force_custom_plan", "force_generic_plan"):
            await self._connection.execute(f"SET plan_cache_mode = {mode}")
            explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE asked {arguments}"
            (explained,) = json.loads(await self._connection.fetchval(explain))
            most = max(most, sum(map(rows_of, plan_nodes(explained["Plan"]))))
        await self._connection.execute("DEALLOCATE asked")
        return most

    async def close(self) -> None:
        await self._connection.close()


def literal(value: Any) -> str:
    if value is None or isinstance(value, bool | int):
        return "NULL" if value is None else str(value)
    if isinstance(value, list):
        return "'{" + ", ".join(f'"{one}"' for one in value) + "}'"
    return "'" + str(value).replace("'", "''") + "'"


def rows_of(node: dict[str, Any]) -> int:
    """Return the number of table rows that a plan node read."""
    if "Relation Name" not in node or node["Node Type"] == "ModifyTable":
        return 0
    removed = sum(node.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


async def work_at(own_app: App) -> Any:
    database = own_app.backend.database
    if isinstance(database, SQLite):
        return SQLiteWork(database)
    assert isinstance(database, PostgreSQL)
    return PostgreSQLWork(await asyncpg.connect(database.url, server_settings=READ_SETTINGS))


async def analyze(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("ANALYZE")
    await connection.close()


async def test_everything_costs_the_same_in_a_long_conversation(own_app: App) -> None:
    ann = await own_app.person()
    viewer, work, database = await own_app.viewer(ann), await work_at(own_app), own_app.backend.database
    await own_app.product.worker.stop()  # it asks too
    counts: dict[str, list[int]] = {}
    costs: dict[str, list[int]] = {}
    async with StatementLog(own_app).open() as ledger:
        for length, word in ((SHORT, "pebble"), (LONG, "needle")):
            conversation = await database.write(create_long_conversation, viewer, length, word)
            for name, step in client_calls(ann, global_id(Conversation, conversation.id), word).items():
                requested = await ledger.of(step)
                counts.setdefault(name, []).append(len(requested))
                costs.setdefault(name, []).append(sum([await work.of(one) for one in requested if one.is_read]))
            if length == SHORT and isinstance(database, PostgreSQL):
                await analyze(database.url)  # so it believes of the long one what was true of the short one
    await work.close()
    assert {name: long for name, (short, long) in counts.items() if long != short} == {}
    assert {name: (short, long) for name, (short, long) in costs.items() if long > 1.1 * short + PAGE} == {}
