"""Reports through the API: creation, the wait for their end, and the content of their files."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from db.billing import spending
from db.core.base import now
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.usage import Tokens, Usage, UsageKind
from resolvers.core.ids import decode_id
from tests.support.app import App
from tests.support.budgets import TERMS
from tests.support.client import Client
from tests.support.processes.waiting import until

DAY = timedelta(days=1)
_TODAY = now().replace(hour=0, minute=0, second=0, microsecond=0)
PERIOD = {"from": (_TODAY - 7 * DAY).isoformat(), "to": (_TODAY + 2 * DAY).isoformat()}  # 8 days that have begun
REPORT = """query R($id: ID!) { report(id: $id) {
  id kind from to schedule nextAt status url workbookUrl error { code message } organization { id } table { id } } }"""


async def create_report(client: Client, organization_id: str, kind: str = "USAGE", **options: Any) -> str:
    """Create a report and return its id."""
    arguments = {"kind": kind, "organizationId": organization_id, **PERIOD, **options}
    return str((await client.mutate("createReport", "{ report { id } }", **arguments))["report"]["id"])


async def finished_report(client: Client, id_: str) -> dict[str, Any]:
    """Return a report when its job has ended."""

    async def ended() -> dict[str, Any] | None:
        report: dict[str, Any] = (await client.run(REPORT, id=id_))["report"]
        return report if report["status"] not in ("QUEUED", "RUNNING") else None

    report: dict[str, Any] = await until(ended, seconds=60)
    assert report["error"] is None
    links = {name: report[name] for name in ("url", "workbookUrl")}
    return report | {name: link if "://" in link else client.url + link for name, link in links.items()}


async def read_page(client: Client, report: dict[str, Any]) -> tuple[str, Mapping[str, str]]:
    response = await client.http.get(report["url"])
    assert response.status_code == 200
    return response.text, response.headers


async def read_workbook(client: Client, report: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """Return the rows below the header of each sheet; the summary must have charts if there are rows to draw."""
    response = await client.http.get(report["workbookUrl"])
    assert response.status_code == 200
    book = load_workbook(BytesIO(response.content))
    sheets = {sheet.title: [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)] for sheet in book}
    summary: Any = book["Summary"]
    del sheets["Summary"]
    assert summary._charts or not any(sheets.values())
    return {name: [[_plain(cell) for cell in row] for row in rows] for name, rows in sheets.items()}


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date) else cell


async def spend(app: App, client: Client, conversation: str, tokens: int) -> None:
    """Settle a call of a model by a person."""
    conversation_id = decode_id(conversation, Conversation)

    def unit(session: Session) -> None:
        row = Usage(
            organization_id=session.get(Conversation, conversation_id).organization_id,
            user_id=session.user_id,
            conversation_id=conversation_id,
            kind=UsageKind.EXTRACTION,
            model="m",
        )
        spending.reserve(session, row, TERMS, Tokens())
        spending.settle(session, row, Tokens(tokens, 2 * tokens), 3 * tokens)

    await app.backend.database.write(unit, await app.viewer(client))
