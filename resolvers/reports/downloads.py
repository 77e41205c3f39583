"""Files of reports, made from the stored content when a link is used, with the rights of that moment."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from db.models.reports import Report
from db.models.tables import Table
from db.reports import reports
from resolvers.core.context import Backend
from resolvers.core.links import user_of_link
from tables.reports.document import Document
from tables.reports.page import render_page
from tables.reports.workbook import render_workbook
from tables.writers.file_names import file_name


def report_files(backend: Backend) -> Callable[[UUID, UUID, str], Awaitable[tuple[str, bytes] | None]]:
    """Return a function that returns the name and the content of a report's file, `html` or `xlsx`.

    None if the user may no longer see the report or its table.
    """

    async def file_of(report_id: UUID, user_id: UUID, extension: str) -> tuple[str, bytes] | None:
        database, viewer = backend.database, await user_of_link(backend.database, user_id)
        if viewer is None:
            return None
        report = await database.find(Report, viewer, report_id)
        if report is None:
            return None
        if report.table_id and await database.find(Table, viewer, report.table_id) is None:
            return None
        stored = await database.read_one(reports.contents, viewer, report_id=report_id)
        if stored is None:
            return None
        document = Document.from_json(stored.content)
        # In a thread: a workbook of 10,000 rows takes a second.
        content = await backend.file_work.run(user_id, _render, document, extension)
        return f"{file_name(document.title, 'report')}.{extension}", content

    return file_of


def _render(document: Document, extension: str) -> bytes:
    if extension == "xlsx":
        return render_workbook(document)
    return render_page(document).encode("utf-8", "replace")
