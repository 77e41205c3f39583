"""Prepared reads: selects compiled once per dialect, with the policy inside, to the driver's own SQL."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from operator import itemgetter
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import Dialect, Select, TypeDecorator, Uuid, bindparam, inspect
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import Boolean, Enum, Float, NullType, Text

from auth.viewer import Viewer
from db.core.base import Base
from db.core.policy import Deleted, criteria, parent_id, parent_visible
from db.core.statement_guard import refuse_unmapped

R = TypeVar("R")

FLOAT8 = 701  # PostgreSQL's number for double precision


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


class Record(tuple[Any, ...]):
    """Row of a model, `row_of`, as the driver returned it; columns are converted on access."""

    __slots__ = ()
    row_of: type[Base] | None = None


Converter: TypeAlias = Callable[[Any], Any] | None


def _attribute_keys(model: type[Base]) -> dict[str, str]:
    """Return the attribute of each column whose name in the database is another one."""
    return {column.name: attribute.key for attribute in inspect(model).column_attrs for column in attribute.columns}


def _record(model: type[Base] | None, columns: Sequence[tuple[str, Converter]], *, has_hex_ids: bool) -> type[Record]:
    def accessor(position: int, convert: Converter) -> property:
        if convert is None:
            return property(itemgetter(position))
        return property(lambda row: convert(row[position]))

    bases = reversed(model.__mro__) if model else ()
    computed = {name: value for base in bases for name, value in vars(base).items() if isinstance(value, property)}
    fields = computed | {name: accessor(i, convert) for i, (name, convert) in enumerate(columns)}
    if has_hex_ids and model:
        fields["hex_id"] = property(itemgetter([name for name, _ in columns].index("id")))
    name = f"{model.__name__}Record" if model else "Record"
    return type(name, (Record,), {"__slots__": (), **fields, "row_of": model})


@dataclass(frozen=True)
class Plan:
    """Driver SQL, the conversion of its parameters, and the record class of its rows."""

    sql: str
    names: tuple[str, ...]
    binds: Mapping[str, Callable[[Any], Any] | None]
    constants: Mapping[str, Any]
    record: type[Record]

    def values(self, viewer: Viewer, parameters: Mapping[str, Any]) -> list[Any]:
        bound = {**self.constants, **parameters, "viewer_id": viewer.user_id}
        return [f(bound[n]) if (f := self.binds[n]) else bound[n] for n in self.names]

    def records(self, fetched: Sequence[Any]) -> list[Any]:
        return list(map(self.record, fetched))


def _compile(statement: Any, dialect: Dialect, model: type[Base] | None = None) -> Plan:
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    keys = _attribute_keys(model) if model else {}
    columns = [
        (keys.get(str(c.keyname), str(c.keyname)), _converter(c.type, dialect)) for c in compiled._result_columns
    ]
    processors = {
        name: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind, name in compiled.bind_names.items()
    }
    names = tuple(compiled.positiontup or ())
    return Plan(
        sql=str(compiled),
        names=names,
        # SQLAlchemy names the members of an expanded IN list after the list: ids_1, ids_2, …
        binds={n: processors[n if n in processors else n.rpartition("_")[0]] for n in names},
        constants={k: v for k, v in compiled.params.items() if v is not None},
        record=_record(model, columns, has_hex_ids=dialect.name == "sqlite"),
    )


@cache
def plan_of(statement: Any, dialect: Dialect) -> Plan:
    """Return the plan of one of the foundations' own statements, which the policy does not apply to."""
    return _compile(statement, dialect)


class Prepared(Generic[R]):
    """Select with the policy compiled in for every entity.

    `children` limits the rows of that child model to one parent, whose id is bound as `<parent_key>`; the visibility of
    the parent is then checked once and not for every row. Without `by_parent` the children are found by another index
    than that of their parent. `deleted` names a model whose deleted rows are included if the viewer may change them.
    """

    def __init__(
        self,
        statement: Select[*tuple[Any, ...]],
        *,
        children: type[Base] | None = None,
        by_parent: bool = True,
        deleted: type[Base] | None = None,
    ) -> None:
        refuse_unmapped(statement)
        self.statement = statement
        self.children, self.by_parent = children, by_parent
        self.deleted = None if deleted is None else (deleted, Deleted.INCLUDED)
        self._plans: dict[tuple[str, bool, bool], Plan] = {}

    @cached_property
    def model(self) -> type[Base] | None:
        """Return the model of the rows, when the select is of a single one."""
        described: Any = getattr(self.statement, "column_descriptions", ())
        entity = described[0]["type"] if len(described) == 1 else None
        return entity if isinstance(entity, type) and issubclass(entity, Base) else None

    def plan(self, dialect: Dialect, viewer: Viewer) -> Plan:
        key = dialect.name, dialect.supports_native_json_deserialization, viewer.is_superuser
        if key not in self._plans:
            self._plans[key] = self._compile(dialect, everything=viewer.is_superuser)
        return self._plans[key]

    def _compile(self, dialect: Dialect, *, everything: bool) -> Plan:
        return _compile(self._with_policy(everything=everything), dialect, self.model)

    def _with_policy(self, *, everything: bool) -> Select[*tuple[Any, ...]]:
        statement = self.statement.options(
            criteria(everything=everything, children=self.children, by_parent=self.by_parent, deleted=self.deleted)
        )
        if self.children is None:
            return statement
        return statement.where(parent_visible(self.children, parent_id(self.children), everything=everything))


@lru_cache(maxsize=4096)  # the rows of a page name the same few parents and people
def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _converter(type_: Any, dialect: Dialect) -> Converter:
    if dialect.name == "sqlite" and isinstance(type_, Uuid):
        return _uuid
    if isinstance(type_, Enum) and type_.enum_class is not None:
        # The text in the database is the member's name.
        members: dict[Any, Any] = {None: None, **type_.enum_class.__members__}
        return members.__getitem__
    converter: Converter = type_.dialect_impl(dialect).result_processor(dialect, _wire_type(type_))
    return converter


def _wire_type(type_: Any) -> int | None:
    """Return the driver type of a column whose conversion depends on it."""
    return FLOAT8 if isinstance(type_, Float) else None


def bind(name: str, like: Any = None) -> Any:
    """Return a parameter of a prepared query, named when the query is read; `like` is its column."""
    type_ = getattr(like, "type", None)
    if isinstance(type_, NullType):
        type_ = Uuid()  # the type of a foreign key is unknown until the table that it refers to is defined
    return bindparam(name, required=False, type_=type_)
