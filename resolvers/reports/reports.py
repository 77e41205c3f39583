"""Reports: list, create and cancel them; the links to their page and workbook."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from auth.api_keys import ApiScope
from db.models.jobs import JobStatus
from db.models.organizations import Organization
from db.models.reports import Report, ReportKind, ReportSchedule
from db.models.tables import Table
from db.reports import reports
from db.reports.reports import NewReport
from db.sites.readings import checked_moment
from errors import NotFound
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id
from resolvers.core.links import signed_url
from resolvers.core.pages import KeysetPage
from resolvers.exports.exports import Failure

PAGE, WORKBOOK = "report.html", "report.xlsx"


@dataclass(frozen=True)
class ReportResult:
    report: Report


async def report(info: Info, id: Annotated[strawberry.ID, argument(description="Id of the report.")]) -> Report | None:
    return await info.context.find(Report, id)


def list_reports(
    info: Info,
    organization_id: Annotated[strawberry.ID | None, argument(description="Only reports of this organization.")] = None,
) -> KeysetPage[Report]:
    return info.context.page(reports.all_reports, organization_id=decode_optional_id(organization_id, Organization))


async def table_of(root: strawberry.Parent[Any], info: Info) -> Table | None:
    return await info.context.by_id(Table, root.table_id)


def starts_at_of(root: strawberry.Parent[Any]) -> datetime:
    moment: datetime = root.starts_at
    return moment


def ends_at_of(root: strawberry.Parent[Any]) -> datetime:
    moment: datetime = root.ends_at
    return moment


async def next_at_of(root: strawberry.Parent[Any], info: Info) -> datetime | None:
    """Return the time of the next report of the schedule, which the first report of it has."""

    async def load(ids: list[UUID]) -> list[datetime | None]:
        due = {row.id: row.due_at for row in await info.context.read(reports.first_reports, ids=ids)}
        return [due.get(id_) for id_ in ids]

    if root.schedule is ReportSchedule.NONE:
        return None
    moment: datetime | None = await info.context.loader(next_at_of, load).load(root.series_id or root.id)
    return moment


async def state_of(root: strawberry.Parent[Any], info: Info) -> Any:
    """Return the state of the report's job, read in one batch with those of the operation's other reports."""

    async def load(ids: list[UUID]) -> list[Any]:
        states = {state.id: state for state in await info.context.read(reports.report_states, ids=ids)}
        return [states.get(id_) for id_ in ids]

    state = await info.context.loader(state_of, load).load(root.id)
    if state is None:
        raise NotFound("There is no such report, or you may not see it any more.")
    return state


async def status_of(root: strawberry.Parent[Any], info: Info) -> JobStatus:
    status: JobStatus = (await state_of(root, info)).status
    return status


async def error_of(root: strawberry.Parent[Any], info: Info) -> Failure | None:
    state = await state_of(root, info)
    if state.error_code is None:
        return None
    return Failure(state.error_code, state.error_message, state.error_retryable)


def link_to(file: str, name: str) -> Callable[..., Awaitable[str | None]]:
    """Return a resolver of the link to a file of a completed report; `name` is that of the field."""

    async def resolve(root: strawberry.Parent[Any], info: Info) -> str | None:
        if await status_of(root, info) is not JobStatus.COMPLETED:
            return None
        info.context.require_scope(ApiScope.EXPORT, name)
        return signed_url(info.context, "reports", root.id.hex, file)

    return resolve


async def create_report(
    info: Info,
    kind: Annotated[ReportKind, argument(description="Subject of the report.")],
    organization_id: Annotated[strawberry.ID, argument(description="Id of an organization that you can see.")],
    from_: Annotated[datetime, argument(name="from", description="Start of the period, inclusive.")],
    to: Annotated[
        datetime,
        argument(
            description="End of the period, exclusive, at most 366 days after the start. A period that has not ended "
            "is reported up to now."
        ),
    ],
    table_id: Annotated[
        strawberry.ID | None,
        argument(description="Table of the organization; needed for TABLE_SUMMARY, and not allowed for other kinds."),
    ] = None,
    schedule: Annotated[
        ReportSchedule | None,
        argument(
            description="Make further reports: WEEKLY or MONTHLY, each of the week or month that follows the period "
            "of the one before. A first period that has not ended is reported again when it has. NONE when omitted."
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> ReportResult:
    new = NewReport(
        kind=kind,
        organization_id=decode_id(organization_id, Organization, "organizationId"),
        starts_at=checked_moment(from_, "from"),
        ends_at=checked_moment(to, "to"),
        table_id=decode_optional_id(table_id, Table, "tableId"),
        schedule=schedule or ReportSchedule.NONE,
    )
    return ReportResult(await info.context.write(reports.create, new, idempotency_key))


async def cancel_report(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="Id of an unfinished report, or of any of a schedule.")],
) -> ReportResult:
    return ReportResult(await info.context.write(reports.cancel, decode_id(id, Report)))
