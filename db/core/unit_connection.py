"""Connection of a unit, on which prepared statements run directly on the driver, inside the unit's transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import sqlalchemy
from sqlalchemy import Connection, Dialect, Table, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from db.core.base import Base, dump_json, parse_json

Bind = Callable[[Any], Any] | None


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


@dataclass(frozen=True)
class Write:
    """INSERT or UPDATE for the driver; `binds` convert the values of one row, in the order of their placeholders.

    `json` are the indexes of the placeholders that take JSON text.
    """

    sql: str
    binds: tuple[tuple[str, Bind], ...]
    json: tuple[int, ...]

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] if convert is None else convert(row[name]) for name, convert in self.binds)

    def json_size(self, values: tuple[Any, ...]) -> int:
        """Return the bytes of the JSON in the values of one row."""
        return sum(_utf8_size(text) for index in self.json if (text := values[index]) is not None)


class UnitConnection:
    """Connection in a transaction that has begun; what it runs is committed and rolled back with it.

    It knows no policy: the session and the modules of `db.core` check before they write.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        name = connection.dialect.name
        self.dialect = driver_dialect(name, parses_json=name == "postgresql")
        # SQLAlchemy's execution of one small statement costs ten times what SQLite needs for it.
        self._sqlite: Any = connection.connection.driver_connection if self.dialect.name == "sqlite" else None

    def fetch(self, sql: str, values: Sequence[Any]) -> Sequence[Any]:
        if self._sqlite is not None:
            return cast("list[Any]", self._sqlite.execute(sql, values).fetchall())
        return self._connection.exec_driver_sql(sql, tuple(values)).fetchall()

    def insert(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Insert rows that all have the same columns, and return the bytes of the JSON in each.

        Columns that they leave out get their default, the same in all rows.
        """
        table, names = cast(Table, model.__table__), tuple(rows[0])
        defaults = {name: _default(table, name) for name in _defaulted(model, names)}
        statement = _insert(model, (*names, *defaults), self.dialect)
        values = [statement.values({**defaults, **row}) for row in rows]
        self._run(statement, values)
        return [statement.json_size(row) for row in values] if statement.json else []

    def update(self, model: type[Base], key: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Update the rows with these ids that also have the values of `key` and are not deleted.

        Each row sets the same columns; `new_id` sets another id.
        """
        statement = _update(model, tuple(key), tuple(rows[0]), self.dialect)
        bound = {f"key_{name}": value for name, value in key.items()}
        self._run(statement, [statement.values(bound | {f"set_{n}": v for n, v in row.items()}) for row in rows])

    def _run(self, statement: Write, rows: list[tuple[Any, ...]]) -> None:
        if self._sqlite is None:
            self._connection.exec_driver_sql(statement.sql, rows if len(rows) > 1 else rows[0])
        elif len(rows) > 1:
            self._sqlite.executemany(statement.sql, rows)
        else:
            self._sqlite.execute(statement.sql, rows[0])


@cache
def _defaulted(model: type[Base], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns with a default in Python that are not among `names`."""
    return tuple(column.key for column in cast(Table, model.__table__).c if column.default and column.key not in names)


def _default(table: Table, name: str) -> Any:
    default: Any = table.c[name].default
    return default.arg(None) if default.is_callable else default.arg


@cache
def _insert(model: type[Base], names: tuple[str, ...], dialect: Dialect) -> Write:
    table = cast(Table, model.__table__)
    return _compiled(sqlalchemy.insert(table).values({name: bindparam(name) for name in names}), dialect)


@cache
def _update(model: type[Base], key: tuple[str, ...], names: tuple[str, ...], dialect: Dialect) -> Write:
    table = cast(Table, model.__table__)
    columns = {name: table.c[name.removeprefix("new_")] for name in names if name != "id"}
    target = [table.c[name] == bindparam(f"key_{name}", type_=table.c[name].type) for name in key]
    statement = (
        sqlalchemy.update(table)
        # Found by its id and only judged by its parent: the index of a parent's rows would be read as a whole.
        .where(table.c.id == bindparam("set_id", type_=table.c.id.type), *target, table.c.deleted_at.is_(None))
        .values({column: bindparam(f"set_{name}", type_=column.type) for name, column in columns.items()})
    )
    return _compiled(statement, dialect)


def _compiled(statement: Any, dialect: Dialect) -> Write:
    compiled = statement.compile(dialect=dialect)
    converters = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind, name in compiled.bind_names.items()
    }
    types = {name: bind.type for bind, name in compiled.bind_names.items()}
    return Write(
        str(compiled),
        tuple((name, converters[name]) for name in compiled.positiontup),
        tuple(index for index, name in enumerate(compiled.positiontup) if isinstance(types[name], sqlalchemy.JSON)),
    )


def _utf8_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
