"""Base of all models: ids, timestamps, ownership and auditing."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias, cast
from uuid import UUID

import orjson
from sqlalchemy import JSON, DateTime, Dialect, Enum, ForeignKey, Index, String, TypeDecorator, Uuid, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from uuid_utils.compat import uuid7


class UtcDateTime(TypeDecorator[datetime]):
    """Timezone-aware timestamp. SQLite stores no zone, so values are written and read as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Parse SQLite's text directly: `datetime.fromisoformat` reads its format."""
        if dialect.name == "sqlite":
            return lambda text: None if text is None else datetime.fromisoformat(text + "+00:00")
        return super().result_processor(dialect, coltype)


def parse_json(text: str) -> Any:
    """Parse the text of a JSON column; falls back to `json` for what orjson refuses, such as lone surrogates."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def dump_json(value: Any) -> str:
    """Serialize a value for a JSON column; falls back to `json` for integers beyond 64 bits."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value)


JsonType = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Json = Annotated[Any, mapped_column(JsonType)]


def key_to(column: str) -> ForeignKey:
    """Return a foreign key that is checked at commit, so that rows can be added in any order."""
    return ForeignKey(column, deferrable=True, initially="DEFERRED")


def unique_while_active(*columns: str) -> Index:
    """Return a unique index over rows that are not deleted, so that a deleted row does not block a new one."""
    is_active = text("deleted_at IS NULL")
    return Index(None, *columns, unique=True, sqlite_where=is_active, postgresql_where=is_active)


def now() -> datetime:
    return datetime.now(UTC)


class Visibility(StrEnum):
    """Users who can see an object besides its owner and the admins of its organization."""

    PRIVATE = "PRIVATE"
    ORGANIZATION = "ORGANIZATION"


class Base(DeclarativeBase):
    """Row of any table. Ids are UUIDv7: ordering by id is creation order, and the id is the page cursor.

    `created_*` and `updated_*` are set by the session alone; `deleted_at` hides the row from every read.
    """

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        UUID: Uuid(),
        Decimal: String(64),
        StrEnum: Enum(StrEnum, native_enum=False, length=32, create_constraint=False),
    }

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-10)
    created_at: Mapped[datetime] = mapped_column(default=now, sort_order=90)
    created_by_id: Mapped[UUID | None] = mapped_column(sort_order=91)
    updated_at: Mapped[datetime] = mapped_column(default=now, sort_order=92)
    updated_by_id: Mapped[UUID | None] = mapped_column(sort_order=93)
    deleted_at: Mapped[datetime | None] = mapped_column(sort_order=94)

    @property
    def hex_id(self) -> str:
        """Return the id as 32 hexadecimal digits."""
        return self.id.hex

    @property
    def is_active(self) -> bool:
        return self.deleted_at is None


@event.listens_for(Base, "init", propagate=True)
def _identify(_: Base, __: Any, columns: dict[str, Any]) -> None:
    """Assign the id at construction, so that other rows can refer to it before it is written."""
    columns.setdefault("id", uuid7())


class Owned:
    """Row with an owner in an organization, which is the owner's personal one unless another is given."""

    visibility: Mapped[Visibility] = mapped_column(default=Visibility.PRIVATE)

    @declared_attr
    def owner_id(cls) -> Mapped[UUID]:  # noqa: N805  declared_attr takes the class
        return mapped_column(key_to("users.id"))

    @declared_attr
    def organization_id(cls) -> Mapped[UUID]:  # noqa: N805  declared_attr takes the class
        return mapped_column(key_to("organizations.id"))

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  declared_attr takes the class
        """Return the index that serves both the policy and the lists."""
        return (Index(None, "organization_id", "id"),)


class Child:
    """Row with the permissions of its parent: visible and changeable exactly when the parent is."""

    parent: ClassVar[type[Base]]
    parent_key: ClassVar[str]


Subject: TypeAlias = tuple[type[Base], UUID]


class AuditedRow:
    """Row whose every change is an entry of the audit log."""

    unaudited: ClassVar[frozenset[str]] = frozenset()
    organization_key: ClassVar[str] = "organization_id"

    def concealed(self) -> frozenset[str]:
        """Return the columns whose changes are logged without their values."""
        return frozenset()

    def subject(self) -> Subject:
        """Return the object of the entry: the row itself, or the one it belongs to."""
        row = cast(Base, self)
        return type(row), row.id


class AuditCounted:
    """Row whose changes are only counted, as `counted_as`, in the entry of the object it belongs to.

    Changes of `uncounted` columns alone are not counted.
    """

    counted_as: ClassVar[str]
    uncounted: ClassVar[frozenset[str]] = frozenset()

    def counted_in(self) -> Subject:
        """Return the object in whose entry the row is counted; a child belongs to its parent."""
        row = cast(Child, self)
        return row.parent, getattr(row, row.parent_key)


class Announced:
    """Row whose changes the subscription `activity` announces to everybody who may see it.

    Changes of `unannounced` columns alone are left out.
    """

    unannounced: ClassVar[frozenset[str]] = frozenset()

    def announced_in(self) -> Subject:
        """Return the owned row that decides who may see this one: the row itself, or its parent."""
        row = cast(Base, self)
        return (row.parent, getattr(row, row.parent_key)) if isinstance(row, Child) else (type(row), row.id)


class AppendOnly:
    """Row that only the session adds and that is never changed or deleted."""


class NotAudited:
    """Row that the audit log ignores: the product's own bookkeeping."""
