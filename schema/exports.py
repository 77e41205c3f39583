"""Exports, the mutations that start and end them, and the stream of their progress."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import exports as rows
from db.models.jobs import JobStatus
from resolvers.exports import exports
from schema.base import Audited, Node, enum, field, mutation, optional, output_type, page, required, subscription
from schema.failures import MessageError

if TYPE_CHECKING:
    from schema.tables import Table
else:  # an export names its table, and a table lists its exports
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

enum(
    rows.ExportDestination,
    GOOGLE_SHEETS="A new Google spreadsheet, which is shared with your e-mail address.",
    CSV="A file of comma-separated values in UTF-8, with a byte order mark so that Excel reads it.",
    XLSX="An Excel workbook with typed cells.",
    JSON="A file with an array of objects, one for each row.",
    MARKDOWN="A file with a Markdown table.",
)
enum(rows.ExportMode, CREATE="Always make something new.")
enum(
    JobStatus,
    QUEUED="It waits for its turn.",
    RUNNING="It is being done.",
    COMPLETED="It is done.",
    FAILED="It could not be done; `error` says why.",
    CANCELED="Somebody ended it before it was done.",
)


@output_type
class Progress:
    """How far something is."""

    done: int = field("How many are done.")
    total: int | None = field("How many there are in all; null while that is not known.")


@output_type
class Export(Node, Audited, row=rows.Export):
    """A table, taken elsewhere as it was at one moment."""

    table = required(Table, exports.table_of, "The table.")
    destination: rows.ExportDestination = field("Where it goes.")
    mode: rows.ExportMode = field("What becomes of what is there already.")
    status = required(JobStatus, exports.status_of, "How far it is: follow it with exportProgress.")
    progress = required(Progress, exports.state_of, "How many rows are written.")
    attempts = required(
        int, exports.attempts_of, "How many times it was begun, after a failure or a stop of the server."
    )
    error = optional(MessageError, exports.error_of, "Why it failed.")
    url = optional(
        str,
        exports.url_of,
        "Where to get it, once it is COMPLETED: the spreadsheet, or a download link that is made for this answer "
        "and expires. The file is kept for some days.",
    )
    row_count = optional(int, exports.from_state("row_count"), "How many rows it holds, once it is COMPLETED.")
    revision = optional(
        int, exports.from_state("revision"), "Which revision of the table it holds, once it is COMPLETED."
    )
    spreadsheet_id = optional(str, exports.from_state("spreadsheet_id"), "Google's id of the spreadsheet.")
    started_at = optional(datetime, exports.from_state("started_at"), "When it was begun.")
    finished_at = optional(datetime, exports.from_state("finished_at"), "When it was over.")


@output_type
class StartExportPayload:
    """The export that was begun."""

    export: Export = field("The new export.")


@output_type
class CancelExportPayload:
    """The export that was ended."""

    export: Export = field("The export, CANCELED.")


@output_type
class RetryExportPayload:
    """The export that was begun again."""

    export: Export = field("The export, QUEUED again.")


@strawberry.type
class Query:
    export = optional(Export, exports.export, "An export that you may see.")
    exports = page(Export, exports.list_exports, "The exports that you may see, newest first.")


@strawberry.type
class Mutation:
    start_export = mutation(StartExportPayload, exports.start_export, "Take a table elsewhere; it is done by and by.")
    cancel_export = mutation(CancelExportPayload, exports.cancel_export, "End an export that is not over.")
    retry_export = mutation(
        RetryExportPayload,
        exports.retry_export,
        "Begin a failed or canceled export again, with the table as it is then.",
    )


@strawberry.type
class Subscription:
    export_progress = subscription(
        Export, exports.export_progress, "Follow an export: as it is now, as it changes, and how it ends."
    )
