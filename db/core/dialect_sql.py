"""SQL expressions that are spelled differently in SQLite and PostgreSQL."""

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler


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


@compiles(DialectSQL)
def _spell(element: DialectSQL, compiler: SQLCompiler, **options: Any) -> str:
    operands = [compiler.process(operand, **options) for operand in element.operands]
    return element.spelling[compiler.dialect.name].format(*operands)
