"""Exports of tables to files and spreadsheets."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from db.core.base import Announced, AuditedRow, Base, Json, Owned, key_to


class ExportDestination(StrEnum):
    """Format or service of an export."""

    GOOGLE_SHEETS = "GOOGLE_SHEETS"
    CSV = "CSV"
    XLSX = "XLSX"
    JSON = "JSON"
    PARQUET = "PARQUET"
    MARKDOWN = "MARKDOWN"


class ExportMode(StrEnum):
    """Handling of what stands in a spreadsheet already; files are always new."""

    CREATE = "CREATE"
    REPLACE = "REPLACE"
    APPEND = "APPEND"
    UPSERT = "UPSERT"


class OnSheetConflict(StrEnum):
    """Handling of cells that people changed in a sheet since the last export."""

    FAIL = "FAIL"
    OVERWRITE = "OVERWRITE"


class JsonLayout(StrEnum):
    """Arrangement of the rows in a JSON file."""

    ARRAY = "ARRAY"
    LINES = "LINES"


class Export(Announced, AuditedRow, Owned, Base):
    """Export of a table. Its progress is in its job, its result here; `file` is a name in the files directory.

    `template_id` may name a template that was erased. `json_layout` is null unless the destination is JSON; `size` is
    that of the file in bytes. `key_columns` are keys of columns; `sheet_layout` are the columns as they were written
    into a sheet, which a later export compares with it.
    """

    __tablename__ = "exports"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "table_id", "id"))
    unaudited = frozenset({"job_id", "file", "size", "spreadsheet_url", "sheet_layout"})

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    job_id: Mapped[UUID] = mapped_column(key_to("jobs.id"), index=True)
    template_id: Mapped[UUID | None]
    destination: Mapped[ExportDestination]
    mode: Mapped[ExportMode] = mapped_column(default=ExportMode.CREATE)
    json_layout: Mapped[JsonLayout | None]
    sheet_name: Mapped[str | None]
    row_count: Mapped[int | None]
    revision: Mapped[int | None]
    file: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    spreadsheet_id: Mapped[str | None]
    spreadsheet_url: Mapped[str | None]
    key_columns: Mapped[Json | None] = mapped_column()
    on_conflict: Mapped[OnSheetConflict] = mapped_column(default=OnSheetConflict.FAIL, server_default="FAIL")
    keep_updated: Mapped[bool] = mapped_column(default=False, server_default=false())
    changed_cells: Mapped[int | None]
    conflict: Mapped[str | None]
    sheet_layout: Mapped[Json | None] = mapped_column()
