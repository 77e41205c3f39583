"""Exports, the mutations that start and end them, and the stream of their progress."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import exports as rows
from db.models.jobs import JobStatus
from resolvers.exports import exports
from schema.base import Audited, Node, change, choice, maybe, one, page, says, shows, stream
from schema.failures import MessageError

if TYPE_CHECKING:
    from schema.tables import Table
else:  # an export names its table, and a table lists its exports
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

choice(
    rows.ExportDestination,
    GOOGLE_SHEETS="A new Google spreadsheet, which is shared with your e-mail address.",
    CSV="A file of comma-separated values in UTF-8, with a byte order mark so that Excel reads it.",
    XLSX="An Excel workbook with typed cells.",
    JSON="A file with an array of objects, one for each row.",
    MARKDOWN="A file with a Markdown table.",
)
choice(rows.ExportMode, CREATE="Always make something new.")
choice(
    JobStatus,
    QUEUED="It waits for its turn.",
    RUNNING="It is being done.",
    COMPLETED="It is done.",
    FAILED="It could not be done; `error` says why.",
    CANCELED="Somebody ended it before it was done.",
)


@shows
class Progress:
    """How far something is."""

    done: int = says("How many are done.")
    total: int | None = says("How many there are in all; null while that is not known.")


@shows
class Export(Node, Audited, row=rows.Export):
    """A table, taken elsewhere as it was at one moment."""

    table = one(Table, exports.table_of, "The table.")
    destination: rows.ExportDestination = says("Where it goes.")
    mode: rows.ExportMode = says("What becomes of what is there already.")
    status = one(JobStatus, exports.status_of, "How far it is: follow it with exportProgress.")
    progress = one(Progress, exports.state_of, "How many rows are written.")
    attempts = one(int, exports.attempts_of, "How many times it was begun, after a failure or a stop of the server.")
    error = maybe(MessageError, exports.error_of, "Why it failed.")
    url = maybe(
        str,
        exports.url_of,
        "Where to get it, once it is COMPLETED: the spreadsheet, or a download link that is made for this answer "
        "and expires. The file is kept for some days.",
    )
    row_count = maybe(int, exports.from_state("row_count"), "How many rows it holds, once it is COMPLETED.")
    revision = maybe(int, exports.from_state("revision"), "Which revision of the table it holds, once it is COMPLETED.")
    spreadsheet_id = maybe(str, exports.from_state("spreadsheet_id"), "Google's id of the spreadsheet.")
    started_at = maybe(datetime, exports.from_state("started_at"), "When it was begun.")
    finished_at = maybe(datetime, exports.from_state("finished_at"), "When it was over.")


@shows
class StartExportPayload:
    """The export that was begun."""

    export: Export = says("The new export.")


@shows
class CancelExportPayload:
    """The export that was ended."""

    export: Export = says("The export, CANCELED.")


@shows
class RetryExportPayload:
    """The export that was begun again."""

    export: Export = says("The export, QUEUED again.")


@strawberry.type
class Query:
    export = maybe(Export, exports.export, "An export that you may see.")
    exports = page(Export, exports.list_exports, "The exports that you may see, newest first.")


@strawberry.type
class Mutation:
    start_export = change(StartExportPayload, exports.start_export, "Take a table elsewhere; it is done by and by.")
    cancel_export = change(CancelExportPayload, exports.cancel_export, "End an export that is not over.")
    retry_export = change(
        RetryExportPayload,
        exports.retry_export,
        "Begin a failed or canceled export again, with the table as it is then.",
    )


@strawberry.type
class Subscription:
    export_progress = stream(
        Export, exports.export_progress, "Follow an export: as it is now, as it changes, and how it ends."
    )
