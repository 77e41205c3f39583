"""SQL expressions that are spelled differently in SQLite and PostgreSQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import Text
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
