"""Jobs that collect the contents of reports."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from db.core.engine import Database
from db.models.organizations import Organization
from db.models.reports import Report, ReportKind
from db.reports import reports
from errors import NotFound
from jobs.reports.site_activity import collect_site_activity
from jobs.reports.subject import Subject
from jobs.reports.table_summary import collect_table_summary
from jobs.reports.usage import collect_usage
from jobs.runner.job_run import JobContext, JobFailure
from tables.reports.document import Document

MAX_CONCURRENT = 2
TIMEOUT_SECONDS = 300.0
TOO_LONG = "The report took more than five minutes. Choose a shorter period, or retry when the server is less busy."
GONE = "The report or its organization was deleted, or you may no longer see it."
COLLECT: Mapping[ReportKind, Callable[[Subject], Awaitable[Document]]] = {
    ReportKind.USAGE: collect_usage,
    ReportKind.SITE_ACTIVITY: collect_site_activity,
    ReportKind.TABLE_SUMMARY: collect_table_summary,
}


class Reports:
    """Handler of report jobs; its owner's rights decide what is counted."""

    def __init__(self, database: Database, currency: str) -> None:
        self._database, self._currency = database, currency

    async def __call__(self, context: JobContext) -> None:
        """Collect the report and complete the job. Raises NotFound for what its owner no longer sees."""
        viewer = context.viewer
        report = await self._database.find(Report, viewer, UUID(context.job.arguments["report_id"]))
        if report is None:
            raise NotFound(GONE)
        organization = await self._database.find(Organization, viewer, report.organization_id)
        if organization is None:
            raise NotFound(GONE)
        subject = Subject(self._database, viewer, report, organization, self._currency)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                document = await COLLECT[ReportKind(report.kind)](subject)
        except TimeoutError:
            raise JobFailure("TIMEOUT", TOO_LONG, retryable=True) from None
        content = document.to_json()
        await self._database.write(reports.complete, viewer, report.id, context.attempt, document.title, content)
