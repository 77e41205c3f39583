"""Prepared reads: selects compiled once per dialect, with the policy inside, to the driver's own SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property, lru_cache
from operator import itemgetter, methodcaller
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import Dialect, Select, Uuid, bindparam, inspect
from sqlalchemy.orm import load_only
from sqlalchemy.types import Enum, Float, NullType

from auth.viewer import Viewer
from db.core.base import Base, UtcDateTime
from db.core.policy import Deleted, criteria, parent_id, parent_visible
from db.core.statement_guard import refuse_unmapped

R = TypeVar("R")

FULL_TIME = len("2026-01-31 14:30:00.123456")
ISO = methodcaller("isoformat")
MAX_VARIANTS = 8
FLOAT8 = 701  # PostgreSQL's number for double precision


@dataclass(frozen=True, slots=True)
class StoredValue:
    """Value of an attribute as the driver returned it, at `index` of a record.

    `serialize` makes of a value of exactly `stored_type` the text of the attribute: of a member of an enum its name, of
    a time `isoformat()`. None leaves the value as it is.
    """

    index: int
    attribute_type: type
    stored_type: type
    serialize: Callable[[Any], str] | None = None


class Record(tuple[Any, ...]):
    """Row of a model, `row_of`, as the driver returned it; columns are converted on access.

    `stored_values` describes the columns that responses serialize without converting them first.
    """

    __slots__ = ()
    row_of: type[Base] | None = None
    stored_values: ClassVar[Mapping[str, StoredValue]] = MappingProxyType({})


Converter: TypeAlias = Callable[[Any], Any] | None


def _attribute_keys(model: type[Base]) -> dict[str, str]:
    """Return the attribute of each column whose name in the database is another one."""
    return {column.name: attribute.key for attribute in inspect(model).column_attrs for column in attribute.columns}


def _record(model: type[Base] | None, columns: Sequence[tuple[str, Any]], dialect: Dialect) -> type[Record]:
    def accessor(position: int, convert: Converter) -> property:
        if convert is None:
            return property(itemgetter(position))
        return property(lambda row: convert(row[position]))

    bases = reversed(model.__mro__) if model else ()
    computed = {name: value for base in bases for name, value in vars(base).items() if isinstance(value, property)}
    fields = computed | {name: accessor(i, _converter(type_, dialect)) for i, (name, type_) in enumerate(columns)}
    if dialect.name == "sqlite" and model:
        fields["hex_id"] = property(itemgetter([name for name, _ in columns].index("id")))
    stored = {name: value for i, (name, type_) in enumerate(columns) if (value := _stored_value(i, type_, dialect))}
    name = f"{model.__name__}Record" if model else "Record"
    return type(name, (Record,), {"__slots__": (), **fields, "row_of": model, "stored_values": stored})


def _stored_value(index: int, type_: Any, dialect: Dialect) -> StoredValue | None:
    if isinstance(type_, Enum) and type_.enum_class is not None:
        return StoredValue(index, type_.enum_class, str)
    if isinstance(type_, UtcDateTime):
        is_text = dialect.name == "sqlite"
        return (
            StoredValue(index, datetime, str, iso_of_text) if is_text else StoredValue(index, datetime, datetime, ISO)
        )
    return None


def iso_of_text(text: str) -> str:
    """Return SQLite's text of a time as its `isoformat()`, which leaves out microseconds that are 0."""
    if len(text) == FULL_TIME and not text.endswith(".000000"):
        return f"{text[:10]}T{text[11:]}+00:00"
    return datetime.fromisoformat(text + "+00:00").isoformat()


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
    columns = [(keys.get(str(c.keyname), str(c.keyname)), c.type) for c in compiled._result_columns]
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
        record=_record(model, columns, dialect),
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
        self._variants: dict[frozenset[str], Prepared[R]] = {}

    @cached_property
    def model(self) -> type[Base] | None:
        """Return the model of the rows, when the select is of a single one."""
        described: Any = getattr(self.statement, "column_descriptions", ())
        entity = described[0]["type"] if len(described) == 1 else None
        return entity if isinstance(entity, type) and issubclass(entity, Base) else None

    def only(self, attributes: frozenset[str] | None) -> "Prepared[R]":
        """Return this query for the ids and these attributes of its rows; with None, for all.

        All attributes are read as well by a query of more than one model, of an attribute that is computed from others,
        and where MAX_VARIANTS other sets were requested before, because each costs a compilation and stays in memory.
        """
        if attributes is None or self.model is None or not attributes <= self._column_names:
            return self
        variant = self._variants.get(attributes)
        if variant is None and len(self._variants) < MAX_VARIANTS:
            statement = self.statement.options(load_only(*(getattr(self.model, name) for name in attributes | {"id"})))
            variant = self._variants[attributes] = Prepared(
                statement, children=self.children, by_parent=self.by_parent, deleted=self.deleted and self.deleted[0]
            )
        return variant or self

    @cached_property
    def _column_names(self) -> frozenset[str]:
        """Return the attributes of the rows that are columns."""
        return frozenset() if self.model is None else frozenset(inspect(self.model).column_attrs.keys())

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
