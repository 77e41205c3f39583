"""Exports: a table, taken elsewhere by a job."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Owned, Recorded, key_to
from db.listing import Listing
from db.prepared import bind


class ExportDestination(StrEnum):
    """Where an export goes."""

    GOOGLE_SHEETS = "GOOGLE_SHEETS"
    CSV = "CSV"
    XLSX = "XLSX"


class ExportMode(StrEnum):
    """What an export does to what is there already."""

    CREATE = "CREATE"


class Export(Recorded, Owned, Base):
    """How far it is stands in its job; what it came to stands here."""

    __tablename__ = "exports"
    __table_args__ = (Index(None, "organization_id", "id"), Index(None, "table_id", "id"))
    unrecorded = frozenset({"row_count", "revision", "file", "spreadsheet_id", "spreadsheet_url"})

    table_id: Mapped[UUID] = mapped_column(key_to("tables.id"))
    job_id: Mapped[UUID] = mapped_column(key_to("jobs.id"))
    destination: Mapped[ExportDestination]
    mode: Mapped[ExportMode] = mapped_column(default=ExportMode.CREATE)
    sheet_name: Mapped[str | None]
    row_count: Mapped[int | None]
    revision: Mapped[int | None]
    file: Mapped[str | None]
    spreadsheet_id: Mapped[str | None]
    spreadsheet_url: Mapped[str | None]


every = Listing(
    Export,
    newest_first=True,
    optional={"table_id": Export.table_id == bind("table_id", Export.table_id)},
)
