"""Exports of tables, the mutations that start and cancel them, and the stream of their progress."""

from datetime import datetime

import strawberry

from db import models
from resolvers.exports import export_templates, exports
from schema.base import Audited, Node, Shows, TypeOf, enum, field, optional, output_type, required
from schema.connections import page
from schema.jobs import MessageError, Progress
from schema.operations import mutation, subscription

enum(
    models.exports.ExportDestination,
    GOOGLE_SHEETS="A new Google spreadsheet, shared with your e-mail address.",
    CSV="A file of comma-separated values in UTF-8, with a byte order mark so that Excel detects the encoding.",
    XLSX="An Excel workbook with typed cells.",
    JSON="A file with an object for each row, by column name: in one array, or one object a line (`jsonLayout`).",
    PARQUET="A Parquet file with typed columns and exact decimals; percents are the numbers before the sign. "
    "NOT_CONFIGURED on a server without pyarrow.",
    MARKDOWN="A file with a Markdown table.",
)
enum(
    models.exports.ExportMode,
    CREATE="Always create a new file or spreadsheet.",
    REPLACE="Make the table the whole content of a sheet, which is added to the spreadsheet if it is not there.",
    APPEND="Add all rows below those of a sheet; columns are found by their header.",
    UPSERT="Change the rows of a sheet that have the same key, and add the others below. Only cells that differ are "
    "written; other rows and columns, formulas, formats and notes stay.",
)
enum(
    models.exports.OnSheetConflict,
    FAIL="Fail with CONFLICT and write nothing.",
    OVERWRITE="Write the values of the table over them.",
)
enum(
    models.exports.JsonLayout,
    ARRAY="One array of objects; the file is a JSON document.",
    LINES="One object a line (JSON Lines, `.jsonl`), for programs that read row by row.",
)


@output_type
class Export(Node, Audited, Shows[models.exports.Export]):
    """A copy of a table, as it was at one moment, in a file or a spreadsheet."""

    table = required(TypeOf[models.tables.Table], exports.table_of, "The exported table.")
    template = optional(
        TypeOf[models.export_templates.ExportTemplate],
        export_templates.template_of,
        "Template that laid it out; null without one that you may see.",
    )
    destination: models.exports.ExportDestination = field("Format or service of the export.")
    mode: models.exports.ExportMode = field("Handling of an earlier file or spreadsheet.")
    status = required(models.jobs.JobStatus, exports.status_of, "State of the export; follow it with `exportProgress`.")
    progress = required(Progress, exports.state_of, "Number of rows written so far.")
    attempts = required(
        int, exports.attempts_of, "Number of attempts; more than one after a failure or a stop of the server."
    )
    error = optional(MessageError, exports.error_of, "Failure of the export; null if there was none.")
    url = optional(
        str,
        exports.url_of,
        "Link to the result once the export is COMPLETED: the spreadsheet, or a download link that is created for this "
        "response and expires. Files are deleted after some days.",
    )
    row_count = optional(int, exports.from_state("row_count"), "Number of exported rows, once it is COMPLETED.")
    size = optional(float, exports.from_state("size"), "Size of the file in bytes, once it is COMPLETED.")
    revision = optional(
        int, exports.from_state("revision"), "Number of the exported revision of the table, once it is COMPLETED."
    )
    spreadsheet_url = optional(
        str, exports.from_state("spreadsheet_url"), "Address of the spreadsheet, once it is COMPLETED."
    )
    sheet_name = optional(
        str,
        exports.from_state("sheet_name"),
        "Name of the sheet in the spreadsheet or workbook; null for the name of the table, until it is COMPLETED.",
    )
    changed_cells = optional(
        int,
        exports.from_state("changed_cells"),
        "Number of cells of the sheet whose content the export changed, once it is COMPLETED; null for files.",
    )
    conflict = optional(
        str,
        exports.from_state("conflict"),
        "Cells that people had changed in the sheet since the last export, such as `Costs: C3 (Price)`: at most 20, "
        "and the number of the others. With `onConflict: FAIL` the export FAILED and wrote nothing; with OVERWRITE it "
        "wrote over them.",
    )
    spreadsheet_id = optional(str, exports.from_state("spreadsheet_id"), "Google's id of the spreadsheet.")
    started_at = optional(datetime, exports.from_state("started_at"), "Start of the export.")
    finished_at = optional(datetime, exports.from_state("finished_at"), "End of the export.")


@output_type
class StartExportPayload(Shows[exports.ExportResult]):
    """Result of `startExport`."""

    export: Export = field("The new export.")


@output_type
class CancelExportPayload(Shows[exports.ExportResult]):
    """Result of `cancelExport`."""

    export: Export = field("The export, CANCELED.")


@output_type
class RetryExportPayload(Shows[exports.ExportResult]):
    """Result of `retryExport`."""

    export: Export = field("The export, QUEUED again.")


@strawberry.type
class Query:
    export = optional(Export, exports.export, "An export by id; null when you may not see it.")
    exports = page(Export, exports.list_exports, "Exports that you may see, newest first.")


@strawberry.type
class Mutation:
    start_export = mutation(
        StartExportPayload, exports.start_export, "Export a table to a file or a spreadsheet, as a background job."
    )
    cancel_export = mutation(CancelExportPayload, exports.cancel_export, "Cancel an export that has not finished.")
    retry_export = mutation(
        RetryExportPayload,
        exports.retry_export,
        "Start a failed or canceled export again, with the current state of the table.",
    )


@strawberry.type
class Subscription:
    export_progress = subscription(
        Export, exports.export_progress, "Follow an export: its current state, every change, and its end."
    )
