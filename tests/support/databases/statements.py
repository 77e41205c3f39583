"""Single statements on a PostgreSQL server, each on a connection of its own."""

import asyncpg


async def fetch_value(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(statement, timeout=10)
    finally:
        await connection.close()
