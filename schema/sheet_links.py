"""Links that keep sheets of Google up to date with tables."""

from datetime import datetime

from db import models
from resolvers.exports import sheet_links
from schema.base import Audited, Node, Shows, TypeOf, field, optional, output_type, required
from schema.jobs import MessageError


@output_type
class SheetLink(Node, Audited, Shows[models.sheet_links.SheetLink]):
    """A sheet that is brought up to date after each revision of a table (`startExport` with `keepUpdated`).

    `cancelExport` with that export ends the link.
    """

    table = required(TypeOf[models.tables.Table], sheet_links.table_of, "The table.")
    spreadsheet_url: str = field("Address of the spreadsheet.")
    sheet_name: str = field("Name of the sheet in the spreadsheet.")
    mode: models.exports.ExportMode = field(
        "REPLACE when the sheet is the table, also after CREATE; UPSERT when only rows with the same key change."
    )
    status = required(
        models.jobs.JobStatus,
        sheet_links.status_of,
        "State of its last job. FAILED also while the link is paused, after 5 failures in a row: a notification tells "
        "so, and `startExport` with `keepUpdated` into the same sheet resumes it.",
    )
    last_revision: int | None = field("Number of the revision of the table that the sheet shows.")
    last_synced_at: datetime | None = field("Time when the sheet was last brought up to date.")
    error = optional(MessageError, sheet_links.error_of, "Failure of its last job; null if there was none.")
