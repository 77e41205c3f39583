"""Templates of exports: columns and appearance, stored for later exports."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditedRow, Base, Json, Owned, key_to
from db.models.exports import ExportDestination


class ExportTemplate(AuditedRow, Owned, Base):
    """Template for exports of one table, or, without a table, of any table of its organization.

    `columns` and `key_columns` name columns by key for a table and by name for an organization. Each of `columns` is
    {"column", "name", "header", "format", "width"}; an empty list stands for all columns.
    """

    __tablename__ = "export_templates"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "table_id", "id"))

    table_id: Mapped[UUID | None] = mapped_column(key_to("tables.id"))
    name: Mapped[str]
    destination: Mapped[ExportDestination]
    sheet_name: Mapped[str | None]
    columns: Mapped[Json] = mapped_column()
    key_columns: Mapped[Json] = mapped_column()
    include_header: Mapped[bool] = mapped_column(default=True)
    freeze_header: Mapped[bool] = mapped_column(default=True)
