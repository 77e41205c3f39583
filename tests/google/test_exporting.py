"""Exports to Google Sheets as oneself and by delegation; what Google would refuse is refused before a job is made."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from auth.viewer import Viewer
from db.core.session import Session
from db.models.users import User
from tests.support.app import App, open_app
from tests.support.browser_at_google import Browser, account_of
from tests.support.client import Client
from tests.support.loopback.google_state import PERSON, LoopbackSheets
from tests.support.processes.waiting import until

SYSTEM = Viewer.system()
START = "{ export { id status } }"
STATE = "query E($id: ID!) { export(id: $id) { status spreadsheetId error { code message } } exports { totalCount } }"
COLUMN = {"name": "Item", "type": "TEXT"}


async def table(client: Client) -> str:
    created = await client.mutate("createTable", "{ table { id } }", name="Costs", columns=[COLUMN])
    return str(created["table"]["id"])


async def exported(client: Client, table_id: str) -> dict[str, Any]:
    """Export a table and return how it ended."""
    started = await client.mutate("startExport", START, tableId=table_id, destination="GOOGLE_SHEETS")

    async def ended() -> dict[str, Any] | None:
        export = (await client.run(STATE, id=started["export"]["id"]))["export"]
        return dict(export) if export["status"] in ("COMPLETED", "FAILED") else None

    await until(ended)
    result = await ended()
    assert result is not None
    return result


async def test_a_person_exports_to_their_own_drive_and_is_asked_to_reconnect(app: App, google: LoopbackSheets) -> None:
    browser = Browser(await app.person("ann"))
    ann, calls = browser.client, google.calls
    costs = await table(ann)
    error = await ann.refused("startExport", tableId=costs, destination="GOOGLE_SHEETS")
    assert (error["extensions"]["code"], calls) == ("NOT_CONFIGURED", [])
    assert "call connectGoogle" in error["message"]
    await browser.connect()
    google.expire_tokens()
    done = await exported(ann, costs)
    assert done["status"] == "COMPLETED", done
    assert (google.drive[done["spreadsheetId"]].owner, google.count("permissions.create")) == (PERSON, 0)
    google.withdraw(PERSON)
    failed = await exported(ann, costs)
    assert failed["error"]["code"] == "RECONNECT"
    account = await account_of(ann)
    assert account is not None
    assert account["needsReconnect"] is True
    calls.clear()
    error = await ann.refused("startExport", tableId=costs, destination="GOOGLE_SHEETS")
    assert (error["extensions"]["code"], calls) == ("FORBIDDEN", [])
    assert "Call connectGoogle again" in error["message"]


@asynccontextmanager
async def delegating(database_url: str, directory: Path, google: LoopbackSheets) -> AsyncIterator[App]:
    file = google.service_account(directory)
    settings: dict[str, Any] = {"google_service_account_file": file, "google_sheets_url": google.url}
    async with open_app(database_url, directory, **settings, google_delegation=True) as app:
        yield app


async def test_delegation_acts_for_people_of_the_domain_by_their_verified_address(
    database_url: str, tmp_path: Path, google: LoopbackSheets
) -> None:
    async with delegating(database_url, tmp_path, google) as app:
        ann, ben = await app.person("ann"), await app.person("ben")
        google.delegated = {"ann@example.com"}
        costs = await table(ann)
        error = await ann.refused("startExport", tableId=costs, destination="GOOGLE_SHEETS")
        assert (error["extensions"]["code"], google.calls) == ("FORBIDDEN", [])
        assert "Confirm your e-mail address" in error["message"]
        for client in (ann, ben):
            await verify(app, client)
        done = await exported(ann, costs)
        assert google.drive[done["spreadsheetId"]].owner == "ann@example.com"
        # An address of another domain is refused by Google, before a job is made.
        bens = await table(ben)
        error = await ben.refused("startExport", tableId=bens, destination="GOOGLE_SHEETS")
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert "your address is not in its domain" in error["message"]
        assert (await ben.run("{ exports { totalCount } }"))["exports"]["totalCount"] == 0


async def verify(app: App, client: Client) -> None:
    viewer = await app.viewer(client)

    def unit(session: Session) -> None:
        assert viewer.user_id is not None
        session.get(User, viewer.user_id).is_email_verified = True

    await app.backend.database.write(unit, SYSTEM)
