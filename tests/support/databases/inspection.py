"""Inspection of the schema and the indexes of a database of either kind."""

import asyncio
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from db.core.engine import Database
from db.tables.query import cell_indexes


def inspect_database(url: str, inspect: Any) -> Any:
    """Return the result of `inspect(connection)` on a new connection."""
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.connect() as connection:
            result = inspect(connection)
        engine.dispose()
        return result

    async def run() -> Any:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.connect() as connection:
            result = await connection.run_sync(inspect)
        await engine.dispose()
        return result

    return asyncio.run(run())


async def drop_cell_indexes(database: Database) -> None:
    """Drop the indexes that people have asked for on columns of their tables."""
    for name in await database.index_names(cell_indexes.PREFIX):
        await database.define(f"DROP INDEX {name}")
