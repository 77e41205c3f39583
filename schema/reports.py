"""Reports, and the mutations that create and cancel them."""

from datetime import datetime

import strawberry

from db import models
from resolvers.organizations import organizations
from resolvers.reports import reports
from schema.base import Audited, Node, Shows, TypeOf, enum, field, optional, output_type, required
from schema.connections import page
from schema.jobs import MessageError
from schema.operations import mutation

enum(
    models.reports.ReportKind,
    USAGE="Messages, tokens, cost, tables and exports by day and member, as far as you may see them.",
    SITE_ACTIVITY="Modules and their status, readings, items and conversations of the sites that you may see.",
    TABLE_SUMMARY="Columns of a table in numbers, its options, and its revisions by day and source.",
)
enum(
    models.reports.ReportSchedule,
    NONE="One report.",
    WEEKLY="A report of each following week.",
    MONTHLY="A report of each following month; a schedule of the 31st uses the last day of shorter months.",
)


@output_type
class Report(Node, Audited, Shows[models.reports.Report]):
    """Numbers about an organization, its sites or a table in a period, as a printable page and a workbook.

    Visible to its owner and to the admins of the organization. It contains what its owner could see. The newest 500
    of an owner in an organization are stored.
    """

    kind: models.reports.ReportKind = field("Subject of the report.")
    organization = required(
        TypeOf[models.organizations.Organization], organizations.organization_of, "Organization that it is about."
    )
    table = optional(TypeOf[models.tables.Table], reports.table_of, "Table of a TABLE_SUMMARY; null for other kinds.")
    from_: datetime = strawberry.field(
        resolver=reports.starts_at_of, name="from", description="Start of the period, inclusive."
    )
    to = required(datetime, reports.ends_at_of, "End of the period, exclusive.")
    schedule: models.reports.ReportSchedule = field("Schedule that it belongs to; NONE for a single report.")
    next_at = optional(
        datetime, reports.next_at_of, "Time of the next report of the schedule; null when there is none."
    )
    status = required(models.jobs.JobStatus, reports.status_of, "State of the report.")
    url = optional(
        str,
        reports.link_to(reports.PAGE, "Report.url"),
        "Link to the printable page once the report is COMPLETED. It is created for this response and expires.",
    )
    workbook_url = optional(
        str,
        reports.link_to(reports.WORKBOOK, "Report.workbookUrl"),
        "Link to the report as an Excel workbook with charts, once it is COMPLETED; it expires like `url`.",
    )
    error = optional(MessageError, reports.error_of, "Failure of the report; null if there was none.")


@output_type
class CreateReportPayload(Shows[reports.ReportResult]):
    """Result of `createReport`."""

    report: Report = field("The new report, QUEUED.")


@output_type
class CancelReportPayload(Shows[reports.ReportResult]):
    """Result of `cancelReport`."""

    report: Report = field("The report; its schedule, if it has one, has ended.")


@strawberry.type
class Query:
    report = optional(Report, reports.report, "A report by id; null when you may not see it.")
    reports = page(Report, reports.list_reports, "Reports that you may see, newest first.")


@strawberry.type
class Mutation:
    create_report = mutation(
        CreateReportPayload,
        reports.create_report,
        "Make a report as a background job; its owner is notified, and mailed a link, when it is ready.",
    )
    cancel_report = mutation(
        CancelReportPayload,
        reports.cancel_report,
        "Cancel a report that has not finished, and end its schedule. CONFLICT for a finished report without one.",
    )
