"""Tables, their columns and rows."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Announced, AuditCounted, AuditedRow, Base, Child, Json, Owned, key_to
from tables.types.types import ColumnType


class Table(Announced, AuditedRow, Owned, Base):
    """Table; `revision` is increased once in every transaction that changes it, so it has no gaps.

    `size` is the bytes that its rows and its history were written with.
    """

    __tablename__ = "tables"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "conversation_id", "id"))
    unaudited = frozenset({"row_count", "next_column", "next_position", "size"})

    name: Mapped[str]
    conversation_id: Mapped[UUID | None] = mapped_column(key_to("conversations.id"))
    revision: Mapped[int] = mapped_column(default=0)
    row_count: Mapped[int] = mapped_column(default=0)
    next_column: Mapped[int] = mapped_column(default=1)
    next_position: Mapped[int] = mapped_column(default=1)
    size: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class TableColumn(AuditCounted, Child, Base):
    """Definition of a column; its `key` ("c7") is never reused in the table, so renaming keeps the values."""

    __tablename__ = "table_columns"
    # Counts deleted columns too: revisions refer to a column by its key, so no other column may get it.
    __table_args__ = (UniqueConstraint("table_id", "key"),)
    parent = Table
    parent_key = "table_id"
    counted_as = "columns"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    key: Mapped[str]
    name: Mapped[str]
    type: Mapped[ColumnType]
    position: Mapped[int]
    is_required: Mapped[bool] = mapped_column(default=False)
    is_unique: Mapped[bool] = mapped_column(default=False)
    is_indexed: Mapped[bool] = mapped_column(default=False, server_default=false())
    options: Mapped[Json | None] = mapped_column()
    minimum: Mapped[str | None]
    maximum: Mapped[str | None]
    max_length: Mapped[int | None]
    pattern: Mapped[str | None]
    format: Mapped[str | None]
    default: Mapped[Json | None] = mapped_column()
    description: Mapped[str | None]


class Row(AuditCounted, Child, Base):
    """Row; `values` are canonical and never null, by column key. Values of deleted columns stay, hidden.

    `version` counts the changes of the row. `origins` hold, by column key, the source of a value and the version since
    which it is there: {"version": 3, "by": user} for an edit, {"message", "start", "end", "quote", "grounding"} for
    values that the assistant read, nothing for values that came with the row. Ids in them are hexadecimal.
    """

    __tablename__ = "rows"
    __table_args__ = (Index(None, "table_id", "position", "id"),)
    parent = Table
    parent_key = "table_id"
    counted_as = "rows"

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    position: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    values: Mapped[Json] = mapped_column()
    origins: Mapped[Json] = mapped_column()


# The purge selects deleted rows of all tables by the time of deletion.
_is_deleted = Row.deleted_at.is_not(None)
Index("ix_rows_deleted_at", Row.deleted_at, sqlite_where=_is_deleted, postgresql_where=_is_deleted)
