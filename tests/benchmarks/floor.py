"""The floor: for each operation a plain Starlette route, one hand-written statement, orjson.

`python -m tests.benchmarks.floor FILE USER CONVERSATION TABLE PORT` serves it, with the token check of FLOOR_SECRET.
"""

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import jwt
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

ME = "SELECT id, email, first_name, last_name FROM users WHERE id = ?"
CONVERSATIONS = """SELECT id, title, message_count, last_message_at, preview FROM conversations
WHERE organization_id IN (SELECT organization_id FROM memberships WHERE user_id = ?) ORDER BY id DESC LIMIT 20"""
MESSAGES = """SELECT m.id, m.role, m.text, m.status, m.created_at FROM messages m JOIN conversations c
ON c.id = m.conversation_id AND c.owner_id = ? WHERE m.conversation_id = ? ORDER BY m.id LIMIT 100"""
ROWS = """SELECT r.id, r.position, r.version, r."values" FROM rows r
JOIN tables t ON t.id = r.table_id AND t.owner_id = ? WHERE r.table_id = ? ORDER BY r.position LIMIT 100"""


def floor(path: Path, user: str, conversation: str, table: str, secret: str = "") -> Starlette:
    """Routes by the benchmark's name, over the same file; ids are 32 hexadecimal digits.

    With a secret, each request must have a token that is signed with it.
    """
    reader = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        writer.execute(f"PRAGMA {pragma}")

    def select(sql: str, *values: Any) -> Any:
        async def answer(request: Request) -> Response:
            if secret:
                token = request.headers["authorization"].removeprefix("Bearer ")
                jwt.decode(token, secret, ["HS256"], {"verify_aud": False})
            cursor = reader.execute(sql, values)
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            return Response(orjson.dumps({"data": rows}), media_type="application/json")

        return answer

    async def update(request: Request) -> Response:
        arguments = orjson.loads(await request.body())
        row, key, value = arguments["row"], arguments["column"], arguments["value"]
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE tables SET revision = revision + 1 WHERE id = ? AND owner_id = ?", (table, user))
        writer.execute(
            'UPDATE rows SET "values" = json_set("values", ?, ?), version = version + 1 WHERE id = ?',
            (f"$.{key}", value, row),
        )
        answer = writer.execute('SELECT id, version, "values" FROM rows WHERE id = ?', (row,)).fetchone()
        writer.execute("COMMIT")
        return Response(orjson.dumps({"data": answer}), media_type="application/json")

    return Starlette(
        routes=[
            Route("/me", select(ME, user), methods=["POST"]),
            Route("/conversations", select(CONVERSATIONS, user), methods=["POST"]),
            Route("/messages", select(MESSAGES, user, conversation), methods=["POST"]),
            Route("/rows", select(ROWS, user, table), methods=["POST"]),
            Route("/updateCells", update, methods=["POST"]),
        ]
    )


def main(path: str, user: str, conversation: str, table: str, port: str) -> None:
    application = floor(Path(path), user, conversation, table, os.environ["FLOOR_SECRET"])
    uvicorn.run(application, port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
