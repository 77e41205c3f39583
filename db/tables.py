"""Tables: a name, columns, and a revision that every change bumps."""

from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Child, Json, Owned, Recorded, key_to
from db.listing import Listing
from db.prepared import bind
from tables.types import ColumnType


class Table(Recorded, Owned, Base):
    """`revision` is bumped once in every transaction that changes it, so it has no gaps."""

    __tablename__ = "tables"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "conversation_id", "id"))
    unrecorded = frozenset({"revision", "row_count", "next_column", "next_position"})

    name: Mapped[str]
    conversation_id: Mapped[UUID | None] = mapped_column(key_to("conversations.id"))
    revision: Mapped[int] = mapped_column(default=0)
    row_count: Mapped[int] = mapped_column(default=0)
    next_column: Mapped[int] = mapped_column(default=1)
    next_position: Mapped[int] = mapped_column(default=1)


class TableColumn(Child, Base):
    """A column's definition; its `key` ("c7") is never used again in the table, so renaming keeps values."""

    __tablename__ = "table_columns"
    __table_args__ = (UniqueConstraint("table_id", "key"),)
    parent = Table
    parent_key = "table_id"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    key: Mapped[str]
    name: Mapped[str]
    type: Mapped[ColumnType]
    position: Mapped[int]
    is_required: Mapped[bool] = mapped_column(default=False)
    is_unique: Mapped[bool] = mapped_column(default=False)
    options: Mapped[Json | None] = mapped_column()
    minimum: Mapped[str | None]
    maximum: Mapped[str | None]
    max_length: Mapped[int | None]
    pattern: Mapped[str | None]
    format: Mapped[str | None]
    default: Mapped[Json | None] = mapped_column()


class Row(Child, Base):
    """`values` are canonical, by column key; `origins` say where each came from, by column key."""

    __tablename__ = "rows"
    __table_args__ = (Index(None, "table_id", "position", "id"),)
    parent = Table
    parent_key = "table_id"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    position: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    values: Mapped[Json] = mapped_column()
    origins: Mapped[Json] = mapped_column()


every = Listing(
    Table,
    newest_first=True,
    optional={
        "organization_id": Table.organization_id == bind("organization_id", Table.organization_id),
        "conversation_id": Table.conversation_id == bind("conversation_id", Table.conversation_id),
        "search": func.lower(Table.name).contains(func.lower(bind("search", Table.name))),
    },
)
