"""SQL expressions that are spelled differently in SQLite and PostgreSQL."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Dialect, Text, TypeDecorator, Uuid, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler

from db.core.base import UtcDateTime


class DialectSQL(ColumnElement[Any]):
    """Expression with a template for each database; `{0}`, `{1}` are its operands."""

    inherit_cache = False
    type = Text()

    def __init__(self, sqlite: str, postgresql: str, *operands: Any) -> None:
        self.spelling = {"sqlite": sqlite, "postgresql": postgresql}
        self.operands = operands

    def get_children(self, **_: Any) -> list[Any]:
        return list(self.operands)

    def _copy_internals(self, clone: Any = None, **options: Any) -> None:
        self.operands = tuple(clone(operand, **options) for operand in self.operands)


class UuidList(TypeDecorator[list[UUID]]):
    """List of ids in one parameter, so that the number of ids does not change the SQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(ARRAY(Uuid()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: list[UUID] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps([id_.hex for id_ in value])


class OneOf(ColumnElement[bool]):
    """Condition that `column` is one of the ids bound as `name`."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: Any, name: str = "ids") -> None:
        self.column = column
        self.ids = bindparam(name, required=False, type_=UuidList())

    def self_group(self, against: Any = None) -> "OneOf":  # noqa: ARG002  the signature is SQLAlchemy's
        """Return the expression unchanged: SQLite would use no index for `IN (…) = 1`."""
        return self

    def get_children(self, **_: Any) -> list[Any]:
        return [self.column, self.ids]

    def _copy_internals(self, clone: Any = None, **options: Any) -> None:
        self.column = clone(self.column, **options)


@compiles(OneOf, "sqlite")
def _one_of_sqlite(element: OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = compiler.process(element.column, **options), compiler.process(element.ids, **options)
    return f"{column} IN (SELECT value FROM json_each({ids}))"


@compiles(OneOf, "postgresql")
def _one_of_postgresql(element: OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = compiler.process(element.column, **options), compiler.process(element.ids, **options)
    return f"{column} = ANY ({ids})"


class DatabaseClock(ColumnElement[datetime]):
    """Present time of the database server, which processes on machines with different clocks share."""

    # Without this, SQLAlchemy has no cache key and compiles a statement with the clock each time it runs.
    _traverse_internals: Any = ()
    inherit_cache = True
    type = UtcDateTime()


@compiles(DatabaseClock, "sqlite")
def _clock_sqlite(_: DatabaseClock, __: SQLCompiler, **___: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@compiles(DatabaseClock, "postgresql")
def _clock_postgresql(_: DatabaseClock, __: SQLCompiler, **___: Any) -> str:
    return "clock_timestamp()"


@compiles(DialectSQL)
def _spell(element: DialectSQL, compiler: SQLCompiler, **options: Any) -> str:
    operands = [compiler.process(operand, **options) for operand in element.operands]
    return element.spelling[compiler.dialect.name].format(*operands)
