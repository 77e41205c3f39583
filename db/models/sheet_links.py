"""Links that keep sheets of Google up to date with tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import AuditedRow, Base, Json, Owned, key_to, unique_while_active
from db.models.exports import ExportMode, OnSheetConflict


class SheetLink(AuditedRow, Owned, Base):
    """Link from a table to a sheet, which follows the table with the rights of its owner.

    `export_id` is the export that made the link, `job_id` its last or present job. `due_at` is the next time to write
    when the table has changed since `last_revision`; `failures` counts the jobs that failed since the last success,
    and too many of them pause the link (`paused_at`).
    """

    __tablename__ = "sheet_links"
    __table_args__ = (
        unique_while_active("table_id", "owner_id", "spreadsheet_id", "sheet_name"),
        Index(None, "organization_id", "id"),
    )
    unaudited = frozenset(
        {"job_id", "sheet_layout", "last_revision", "last_synced_at", "due_at", "failures", "spreadsheet_url"}
    )

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    export_id: Mapped[UUID] = mapped_column(key_to("exports.id"), index=True)
    job_id: Mapped[UUID] = mapped_column(key_to("jobs.id"), index=True)
    template_id: Mapped[UUID | None]
    spreadsheet_id: Mapped[str]
    spreadsheet_url: Mapped[str]
    sheet_name: Mapped[str]
    mode: Mapped[ExportMode]
    key_columns: Mapped[Json | None] = mapped_column()
    on_conflict: Mapped[OnSheetConflict]
    sheet_layout: Mapped[Json] = mapped_column()
    last_revision: Mapped[int]
    last_synced_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    paused_at: Mapped[datetime | None]
