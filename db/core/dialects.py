"""Dialects for which prepared statements are compiled: their SQL and values go to the drivers without SQLAlchemy."""

from functools import cache

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from db.core.base import dump_json, parse_json


@cache
def driver_dialect(name: str, *, parses_json: bool = False) -> Dialect:
    """Return the dialect of the database of this kind.

    JSON is text to the drivers and parsed on access, unless the connection parses it, as SQLAlchemy's to PostgreSQL do.
    """
    if name == "sqlite":
        return SQLiteDialect_pysqlite(paramstyle="qmark", json_deserializer=parse_json, json_serializer=dump_json)
    dialect = PGDialect_asyncpg(  # type: ignore[no-untyped-call]  # not annotated there
        json_deserializer=parse_json, json_serializer=dump_json
    )
    dialect.supports_native_json_deserialization = parses_json
    return dialect
