"""Product without a server: tests call GraphQL, run workers and open download links."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select
from starlette.applications import Starlette

from assembly.components import create_google
from assistant.reply_log.log import MemoryLog
from assistant.reply_log.watchers import Watchers
from auth.limits import Attempts
from auth.passwords import PasswordHasher
from auth.viewer import Viewer
from db.core.base import Visibility
from db.core.events import Hub
from db.core.prepared import Prepared
from db.core.session import Session
from db.jobs.mail import KIND as MAIL
from db.models.exports import Export
from db.models.jobs import Job
from db.models.tables import Row, Table, TableColumn
from execution.executor import Executor
from execution.operations import Request, Result
from integrations.blobs import DirectoryBlobs
from integrations.documents.reader import DocumentReader
from integrations.llm.catalog import Catalog
from jobs.exports.exports import Exports
from jobs.exports.sheet_links import SheetLinks
from jobs.runner.worker import Worker
from resolvers.core.authentication import require_viewer
from resolvers.core.context import Backend, Context
from resolvers.core.ids import global_id
from resolvers.exports.downloads import export_access
from schema import schema
from schema.core.scopes import require_scope
from settings.settings import Settings
from tables.types.columns import ColumnType, Value
from tests.support.processes.waiting import until
from tests.support.units import personal_organization
from tests.support.world import SYSTEM, World
from transport.core.errors import format_error
from transport.routes.downloads import download_route
from transport.routes.routes import EXCEPTION_HANDLERS

EXPORT_ID = "0123456789abcdef" * 2

SECRET = b"s" * 32
COLUMNS: list[tuple[str, ColumnType, str | None]] = [
    ("Item", ColumnType.TEXT, None),
    ("Number", ColumnType.INTEGER, None),
    ("Price", ColumnType.CURRENCY, "EUR"),
    ("Off", ColumnType.PERCENT, None),
    ("Paid", ColumnType.BOOLEAN, None),
    ("Day", ColumnType.DATE, "DMY"),
    ("Tags", ColumnType.MULTI_SELECT, None),
]
ROWS: list[dict[str, Value]] = [
    {"c1": "Café", "c2": 3, "c3": "12.50", "c4": "7.5", "c5": True, "c6": "2026-05-01", "c7": ["a", "b"]},
    {"c1": "=1+1", "c2": -5, "c3": "12345678901234567.89", "c5": False},
    {},
]
HEADER = [name for name, _, _ in COLUMNS]
EXPORT = """{ id status attempts progress { done total } error { code message retryable } url rowCount revision
  spreadsheetId startedAt finishedAt destination mode table { name } createdBy { email } }"""
START = f"mutation S($input: StartExportInput!) {{ startExport(input: $input) {{ export {EXPORT} }} }}"
CANCEL = f"mutation C($input: CancelExportInput!) {{ cancelExport(input: $input) {{ export {EXPORT} }} }}"
RETRY = f"mutation R($input: RetryExportInput!) {{ retryExport(input: $input) {{ export {EXPORT} }} }}"
SHOW = f"query E($id: ID!) {{ export(id: $id) {EXPORT} }}"
STATE = "query E($id: ID!) { export(id: $id) { status error { code message retryable } finishedAt } }"
LIST = (
    f"query L($tableId: ID, $status: JobStatus) {{ exports(tableId: $tableId, status: $status) {{ nodes {EXPORT} }} }}"
)
FOLLOW = "subscription F($id: ID!) { exportProgress(exportId: $id) { status progress { done total } rowCount url } }"

_no_mail = Job.kind != MAIL  # each export that ends is told to its owner by mail
everything: Prepared[Any] = Prepared(
    select(
        func.count(Export.id).label("exports"),
        select(func.count(Job.id)).where(_no_mail).scalar_subquery().label("jobs"),
    )
)

all_jobs: Prepared[Job] = Prepared(select(Job).where(_no_mail).limit(2))


class InProcessProduct:
    """`use` gives it other settings than those of a fresh machine."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world, self.database, self.hub = world, world.database, Hub()
        self.database.publish = self.hub.publish
        self.files = directory / "files"
        self.use()

    def use(self, **settings: Any) -> None:
        self.settings = Settings(_env_file=None, files_dir=self.files, **settings)
        self.backend = Backend(
            settings=self.settings,
            database=self.database,
            hub=self.hub,
            log=MemoryLog(),
            watchers=Watchers(),
            passwords=PasswordHasher(),
            secrets=(SECRET,),
            catalog=Catalog(),
            blobs=DirectoryBlobs(self.files / "attachments"),
            documents=DocumentReader(),
            attempts=Attempts({}),
            google=create_google(self.settings, (SECRET,)),
        )
        self.executor = Executor(
            schema,
            format_error=format_error,
            event_context=Context.fresh,
            require_viewer=require_viewer,
            require_scope=require_scope,
        )

    async def ask(self, viewer: Viewer | None, document: str, **variables: Any) -> Result:
        context = Context(self.backend, viewer)
        operation = self.executor.prepare(Request(document, variables=variables), context)
        if isinstance(operation, Result):
            assert viewer is None, operation.errors
            return operation
        return await self.executor.execute(operation, context)

    async def get(self, viewer: Viewer, document: str, **variables: Any) -> Any:
        """Return the one field of the response."""
        result = await self.ask(viewer, document, **variables)
        assert result.errors == []
        assert result.data is not None
        (value,) = result.data.values()
        return value

    async def refused(self, viewer: Viewer | None, document: str, **variables: Any) -> tuple[str, str]:
        """Code and message of the one error."""
        result = await self.ask(viewer, document, **variables)
        (error,) = result.errors
        return error["extensions"]["code"], error["message"]

    async def start(self, viewer: Viewer, table: UUID, destination: str = "CSV", **more: Any) -> Any:
        arguments = {"tableId": global_id(Table, table), "destination": destination, **more}
        return (await self.get(viewer, START, input=arguments))["export"]

    async def follow(self, viewer: Viewer, id_: str) -> AsyncIterator[Any]:
        context = Context(self.backend, viewer)
        operation = self.executor.prepare(Request(FOLLOW, variables={"id": id_}), context)
        assert not isinstance(operation, Result)
        events = await self.executor.subscribe(operation, context)
        assert not isinstance(events, Result)
        async for event in events:
            yield event.payload()

    async def ended(self, viewer: Viewer, id_: str) -> Any:
        """Return the result of an export without fields that may be gone; None while it runs."""
        displayed = await self.get(viewer, STATE, id=id_)
        return displayed if displayed["finishedAt"] else None

    async def over(self, viewer: Viewer, id_: str) -> Any:
        """Wait for the end of an export and return it."""
        await until(lambda: self.ended(viewer, id_))
        return await self.get(viewer, SHOW, id=id_)

    async def table(
        self,
        viewer: Viewer,
        rows: list[dict[str, Value]] = ROWS,
        *,
        name: str = "Costs",
        organization: UUID | None = None,
        visibility: Visibility = Visibility.PRIVATE,
    ) -> UUID:
        def unit(session: Session) -> UUID:
            table = Table(
                name=name,
                owner_id=session.user_id,
                organization_id=organization or personal_organization(session),
                visibility=visibility,
                revision=4,
                row_count=len(rows),
            )
            session.add(table)
            for n, (title, kind, format) in enumerate(COLUMNS):
                column = TableColumn(table_id=table.id, key=f"c{n + 1}", name=title, type=kind, position=n)
                column.format = format
                session.add(column)
            for n, values in enumerate(rows):
                session.add(Row(table_id=table.id, position=n + 1, values=values, origins={}))
            return table.id

        return await self.database.write(unit, viewer)

    async def change(self, model: Any, id_: UUID, **values: Any) -> None:
        def unit(session: Session) -> None:
            row = session.get(model, id_)
            for name, value in values.items():
                setattr(row, name, value)

        await self.database.write(unit, SYSTEM)

    async def counts(self) -> tuple[int, int]:
        """Return the numbers of all exports and jobs, without mails."""
        (row,) = await self.database.read(everything, SYSTEM)
        return row.exports, row.jobs

    async def job(self) -> Job:
        """Return the only job that is no mail."""
        (job,) = await self.database.read(all_jobs, SYSTEM)
        return job

    @property
    def kept(self) -> list[str]:
        """Names in the files' directory."""
        return sorted(path.name for path in self.files.iterdir())

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Worker]:
        exports = Exports(self.database, self.settings, self.backend.google)
        links = SheetLinks(self.database, self.files, self.backend.google)
        worker = Worker(self.database, self.hub, {"export": exports, "sheetLink": links}, fresh=False)
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()

    async def open(self, url: str, **headers: str) -> httpx.Response:
        route = download_route(self.backend.secrets, self.files, export_access(self.backend))
        app: Any = Starlette(routes=[route], exception_handlers=EXCEPTION_HANDLERS)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sheetgpt") as client:
            return await client.get(url, headers=headers)
