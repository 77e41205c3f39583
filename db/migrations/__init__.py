"""Migrations for both databases, applied at start under a lock."""

import asyncio
import contextlib
import fcntl
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

ADVISORY_LOCK = 7_351_960

log = logging.getLogger("sheetgpt.database")
# Prefixes of names that no model defines: full-text indexes with their tables and triggers, and cell indexes.
UNMAPPED = ("ix_cells_", "message_index", "message_numbers", "ix_message_words_terms")


class LaterRevision(RuntimeError):
    """Error: a later version has migrated the database; the message says what to do."""


def is_mapped(name: str | None, *_: object) -> bool:
    """Return True if the models define a table or an index; Alembic asks before it compares."""
    return not (name or "").startswith(UNMAPPED)


def migrate(url: str) -> None:
    """Bring the database at `url` (`sqlite:///…` or `postgresql://…`) to the newest revision.

    Any number of processes may call this at once: one migrates, the others wait for it. Blocks.
    """
    if url.startswith("sqlite"):
        with _sqlite(Path(url.removeprefix("sqlite:///"))) as connection:
            upgrade(connection)
    else:
        asyncio.run(_postgresql(url))


def upgrade(connection: Connection) -> None:
    """Apply missing revisions in the connection's transaction; loads Alembic only when there are some.

    Raises LaterRevision for a database of a later version.
    """
    before, started = _revision(connection), time.perf_counter()
    if before == head():
        return
    if before is not None and before > head():
        raise LaterRevision(
            f"the database is at {before}, of a later version, and this version knows {head()}. Start the later "
            "version, or restore a backup from before it."
        )
    from alembic import command

    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    fields = {"from": before, "to": head(), "ms": round((time.perf_counter() - started) * 1000)}
    log.info("migration", extra={"fields": fields})


def head() -> str:
    """Return the newest revision, which is the last file by name."""
    return max(path.stem for path in (Path(__file__).parent / "versions").glob("0*.py"))


def configuration() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def revision_at(url: str) -> str | None:
    """Return the revision of the database at `url`; None when it is new or absent. Changes nothing. Blocks."""
    if url.startswith(("postgresql://", "postgres://")):
        return asyncio.run(_revision_postgresql(url))
    path = Path(url.removeprefix("sqlite:///")).resolve()
    if not path.exists():
        return None
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError:
            return None
    return row and str(row[0])


async def _revision_postgresql(url: str) -> str | None:
    from db.core.postgresql import connect

    connection = await connect(url)
    try:
        known = await connection.fetchval("SELECT to_regclass('alembic_version')::text", timeout=10)
        return await connection.fetchval("SELECT version_num FROM alembic_version", timeout=10) if known else None
    finally:
        await connection.close(timeout=5)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


@contextlib.contextmanager
def _sqlite(path: Path) -> Iterator[Connection]:
    """Yield a connection under a lock file: SQLite's write-ahead log does not tolerate a second writer."""
    from db.core.sqlite import engine_of

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine = engine_of(path)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()


async def _postgresql(url: str) -> None:
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url, timeout=10), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
        await connection.run_sync(upgrade)
