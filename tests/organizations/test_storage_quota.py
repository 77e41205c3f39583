"""Storage quota: what passes it is refused before and in the transaction that stores it, and erased data give back."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.core.base import now
from db.core.session import INSIDE, Session
from db.models.jobs import Job
from db.models.organizations import Organization
from db.models.tables import Row, Table
from db.retention.purging import purge_batch
from jobs.retention.file_sweep import Sweep
from tests.support.app import App, open_app
from tests.support.client import Client, Refused
from tests.support.tables.exported_files import exported
from tests.support.world import SYSTEM

COLUMNS = [{"name": "Item", "type": "TEXT", "isUnique": True}, {"name": "Price", "type": "DECIMAL"}]
CSV = "Item,Price\nNails,3\nScrews,4\n"
LIST = "Please keep this list:\n\n| Item | Price |\n| --- | --- |\n| Nails | 3 |\n| Screws | 4 |\n"
TABLE = "query T($id: ID!) { table(id: $id) { revision rowCount rows { nodes { id version } } } }"


async def stored(app: App) -> dict[bool, int]:
    """Return the counted bytes of the organizations, by being personal."""

    def read(session: Session) -> dict[bool, int]:
        rows = session.execute(select(Organization.is_personal, Organization.stored_bytes), execution_options=INSIDE)
        totals = {True: 0, False: 0}
        for is_personal, size in rows:
            totals[is_personal] += size
        return totals

    return await app.backend.database.write(read, SYSTEM)


async def create_table(client: Client, **target: Any) -> str:
    created = await client.mutate("createTable", "{ table { id } }", name="Costs", columns=COLUMNS, **target)
    return str(created["table"]["id"])


async def send_file(client: Client, size: int, **arguments: Any) -> Any:
    files = {"attachments.0": ("notes.txt", b"x" * size)}
    arguments = {"text": "Read it", "attachments": [None], "wait": True, **arguments}
    return await client.upload("sendMessage", "{ message { id } conversation { id } }", files, **arguments)


async def refusal(work: Any) -> dict[str, Any]:
    with pytest.raises(Refused) as caught:
        await work
    (error,) = caught.value.errors
    return {"message": error["message"], **error["extensions"]}


def files_of(app: App) -> list[str]:
    return sorted(path.name for path in app.backend.settings.files_dir.rglob("*") if path.is_file())


async def test_a_file_that_passes_the_quota_is_refused_and_not_stored(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, storage_quota_mb=1) as app:
        ann, bob = await app.person("ann"), await app.person("bob")
        sent = await send_file(ann, 700_000)
        target = {"conversationId": sent["conversation"]["id"]}
        before = files_of(app)
        error = await refusal(send_file(ann, 400_000, **target))
        assert error["message"].startswith(
            "The limit is 1 MB of storage for one organization: 0.7 MB are used, and this needs 0.4 MB. Delete files"
        )
        assert {name: error[name] for name in ("code", "status", "limit", "used", "quota")} == {
            "code": "STORAGE_EXCEEDED",
            "status": 507,
            "limit": 1,
            "used": 1,
            "quota": "storage",
        }
        assert files_of(app) == before
        assert (await ann.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] == 1
        assert (await stored(app))[True] == 700_000
        await send_file(ann, 300_000, **target)  # the limit itself is allowed
        limits = (await ann.run("{ me { limits { name limit used resetsAt } } }"))["me"]["limits"]
        assert limits[-1] == {"name": "storage", "limit": 1, "used": 1, "resetsAt": None}
        await send_file(bob, 400_000)
        organization = await app.organization(bob, ann)
        shared = await ann.mutate("createConversation", "{ conversation { id } }", organizationId=organization)
        await send_file(ann, 400_000, conversationId=shared["conversation"]["id"])
        assert await stored(app) == {True: 1_400_000, False: 400_000}


async def test_a_burst_of_files_never_passes_the_quota(app: App) -> None:
    ann = await app.person("ann")
    app.backend.database.storage_quota = 250_000
    results = await asyncio.gather(*(send_file(ann, 100_000) for _ in range(4)), return_exceptions=True)
    refused = [result.codes for result in results if isinstance(result, Refused)]
    assert (refused, (await stored(app))[True]) == ([["STORAGE_EXCEEDED"]] * 2, 200_000)
    assert len(files_of(app)) == 2


async def test_rows_that_pass_the_quota_are_refused_however_they_come(app: App) -> None:
    ann = await app.person("ann")
    table = await create_table(ann)
    await ann.mutate("addRows", "{ revision { number } }", tableId=table, rows=[{"Item": "Nails"}, {"Item": "Nuts"}])
    state = (await ann.run(TABLE, id=table))["table"]
    row = state["rows"]["nodes"][0]
    before = await stored(app)
    assert before[True] > 0
    app.backend.database.storage_quota = before[True] + 500
    values = {"rows": [{"Item": "x" * 600}]}
    cell = {"rowId": row["id"], "column": "Item", "value": "y" * 600, "expectedVersion": row["version"]}
    for name, arguments in (
        ("addRows", {"tableId": table, **values}),
        ("upsertRows", {"tableId": table, "keyColumns": ["Item"], **values}),
        ("updateCells", {"tableId": table, "cells": [cell]}),
        ("importTable", {"text": "Item\n" + "z" * 600, "name": "Other"}),
        ("createTable", {"name": "Other", "columns": [{"name": "Size", "type": "TEXT", "description": "d" * 600}]}),
    ):
        assert (await refusal(ann.mutate(name, "{ __typename }", **arguments)))["code"] == "STORAGE_EXCEEDED", name
    assert (await ann.run(TABLE, id=table))["table"] == state
    assert (await ann.run("{ tables { totalCount } }"))["tables"]["totalCount"] == 1
    assert await stored(app) == before
    app.backend.database.storage_quota = before[True]
    assert (await refusal(ann.mutate("importTable", "{ __typename }", text=CSV)))["code"] == "STORAGE_EXCEEDED"
    await ann.mutate("importTable", "{ rowCount }", text=CSV, dryRun=True)
    await ann.mutate("deleteRows", "{ table { id } }", tableId=table, rowIds=[row["id"]])  # gives room later
    assert await stored(app) == before


async def test_an_export_that_passes_the_quota_fails_and_leaves_no_file(app: App) -> None:
    ann = await app.person("ann")
    table = await create_table(ann)
    await ann.mutate("addRows", "{ revision { number } }", tableId=table, rows=[{"Item": "x" * 300}])
    size = (await stored(app))[True]
    app.backend.database.storage_quota = size + 100
    with pytest.raises(AssertionError):
        await exported(ann, table, destination="CSV")
    document = "{ exports { nodes { status url error { code message retryable } } } }"
    (failed,) = (await ann.run(document))["exports"]["nodes"]
    assert (failed["status"], failed["url"], failed["error"]["code"]) == ("FAILED", None, "STORAGE_EXCEEDED")
    assert failed["error"]["retryable"] is False
    assert (files_of(app), (await stored(app))[True]) == ([], size)
    app.backend.database.storage_quota = size
    error = await refusal(ann.mutate("startExport", "{ __typename }", tableId=table, destination="CSV"))
    assert error["code"] == "STORAGE_EXCEEDED"
    assert (await ann.run("{ exports { totalCount } }"))["exports"]["totalCount"] == 1


async def test_erased_data_give_their_storage_back(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    organization = await app.organization(ann, bob)
    table = await create_table(ann, organizationId=organization)
    rows = [{"Item": f"Zürich {number}"} for number in range(3)]
    added = await ann.mutate("addRows", "{ rows { id } }", tableId=table, rows=rows)
    sent = await send_file(ann, 1_000)
    await ann.mutate("forkConversation", "{ conversation { id } }", id=sent["conversation"]["id"])
    assert (await stored(app))[True] == 2_000  # the copy keeps the content, too
    file = await exported(ann, table, destination="CSV")
    before = await stored(app)

    def tables(session: Session) -> int:
        return sum(session.scalars(select(Table.size), execution_options=INSIDE))

    assert before[False] == await app.backend.database.write(tables, SYSTEM) + len(file)

    def expire(session: Session) -> None:
        for job in session.scalars(select(Job).where(Job.kind == "export")):
            job.finished_at = now() - timedelta(days=99)

    await app.backend.database.write(expire, SYSTEM)
    settings = app.backend.settings
    sweep = Sweep(app.backend.database, app.backend.blobs, settings.files_dir, timedelta(days=98))
    await sweep.sweep()
    await sweep.sweep()  # once
    assert (await stored(app))[False] == before[False] - len(file)

    await ann.mutate("deleteRows", "{ table { id } }", tableId=table, rowIds=[row["id"] for row in added["rows"]])
    assert await app.backend.database.write(purge_batch, SYSTEM, 1_000, now() + timedelta(days=1)) < 1_000
    left = await app.backend.database.write(lambda s: s.scalars(select(Row.id), execution_options=INSIDE).all(), SYSTEM)
    assert list(left) == []
    without_rows = await stored(app)
    assert 0 < without_rows[False] < before[False] - len(file)
    assert without_rows[False] == await app.backend.database.write(tables, SYSTEM)
    await ann.mutate("deleteTable", "{ deletedId }", id=table)
    await ann.mutate("deleteConversation", "{ deletedId }", id=sent["conversation"]["id"])
    assert await stored(app) == without_rows  # deleted things can be restored, so they still count
    await app.backend.database.write(purge_batch, SYSTEM, 1_000, now() + timedelta(days=1))
    assert await stored(app) == {True: 1_000, False: 0}


async def test_a_reply_ends_although_its_table_has_no_room(app: App) -> None:
    ann = await app.person("ann")
    await send_file(ann, 1_000)
    app.backend.database.storage_quota = 1_000
    reply = "{ reply { status proposals { status changes { id } } } }"
    sent = await ann.mutate("sendMessage", reply, text=LIST, wait=True)
    assert sent["reply"]["status"] == "COMPLETED"
    (proposal,) = sent["reply"]["proposals"]
    assert (proposal["status"], bool(proposal["changes"])) == ("PENDING", True)
    assert ((await ann.run("{ tables { totalCount } }"))["tables"]["totalCount"], await stored(app)) == (
        0,
        {True: 1_000, False: 0},
    )
    app.backend.database.storage_quota = 1_001  # room left, so the rows of the reply are not lost
    sent = await ann.mutate("sendMessage", reply, text=LIST, wait=True)
    assert sent["reply"]["proposals"][0]["status"] == "APPLIED"
    assert (await stored(app))[True] > 1_001


async def test_the_storage_of_an_organization_is_shown_to_its_members(app: App) -> None:
    ann, bob, eve = await app.person("ann"), await app.person("bob"), await app.person("eve")
    organization = await app.organization(ann, bob)
    await create_table(ann, organizationId=organization)
    await ann.mutate("inviteMember", "{ __typename }", organizationId=organization, email="eve@example.com")
    document = """query O($id: ID!) { organization(id: $id) { name
      storage { totalBytes tableCount tableBytes usedBytes limitBytes } } }"""
    used = float((await stored(app))[False])
    expected = {"totalBytes": used, "tableCount": 1, "tableBytes": used, "usedBytes": used, "limitBytes": 1e10}
    assert (await ann.run(document, id=organization))["organization"]["storage"] == expected
    nothing = {
        "totalBytes": 0.0,
        "tableCount": 0,
        "tableBytes": 0.0,
    }  # bob sees no table
    assert (await bob.run(document, id=organization))["organization"]["storage"] == expected | nothing
    displayed = (await eve.run(document, id=organization))["organization"]["storage"]
    assert displayed == expected | nothing | {"usedBytes": None}
