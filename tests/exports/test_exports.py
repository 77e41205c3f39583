"""Exports, from asking for one to opening what came out of it."""

import csv
import io
import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import select

from auth.viewer import Viewer
from db.core.base import Visibility, now
from db.core.session import Session
from db.exports import exports
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.exports import Export, ExportDestination
from db.models.jobs import Job, JobStatus
from db.models.memberships import Membership
from db.models.tables import Row, Table, TableColumn
from errors import RateLimited
from jobs.exports import snapshots
from jobs.exports.exports import Exports
from jobs.retention.file_sweep import Sweep
from jobs.runner.worker import JobContext, JobFailure
from resolvers.core.ids import decode, global_id
from tables.types.columns import ColumnType, Value
from tests.support.in_process_product import CANCEL, COLUMNS, HEADER, LIST, RETRY, ROWS, SHOW, START, InProcessProduct
from tests.support.processes.waiting import until
from tests.support.world import SYSTEM


async def test_a_table_becomes_a_csv_that_excel_reads_and_that_runs_no_formula(
    product: InProcessProduct, ann: Viewer
) -> None:
    started = await product.start(ann, await product.table(ann))
    assert (started["status"], started["attempts"], started["url"]) == ("QUEUED", 0, None)
    assert (started["table"], started["createdBy"]) == ({"name": "Costs"}, {"email": "ann@example.com"})
    async with product.working():
        done = await product.over(ann, started["id"])
    assert (done["status"], done["attempts"], done["error"]) == ("COMPLETED", 1, None)
    assert (done["progress"], done["rowCount"], done["revision"]) == ({"done": 3, "total": 3}, 3, 4)
    answer = await product.open(done["url"])
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))) == [
        HEADER,
        ["Café", "3", "12.50", "7.5%", "true", "2026-05-01", "a, b"],
        ["'=1+1", "-5", "12345678901234567.89", "", "false", "", ""],
        ["", "", "", "", "", "", ""],
    ]
    (stored,) = product.kept
    assert re.fullmatch(r"[0-9a-f]{32}\.csv", stored)


async def test_a_table_becomes_a_workbook_with_typed_cells_under_a_frozen_header(
    product: InProcessProduct, ann: Viewer
) -> None:
    async with product.working():
        started = await product.start(ann, await product.table(ann), "XLSX", sheetName="May")
        done = await product.over(ann, started["id"])
    sheet = openpyxl.load_workbook(io.BytesIO((await product.open(done["url"])).content))["May"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == HEADER
    assert rows[1][:5] == ["Café", 3, 12.5, 0.075, True]
    assert (str(rows[1][5]), rows[1][6]) == ("2026-05-01 00:00:00", "a, b")
    assert rows[2] == ["=1+1", -5, "12345678901234567.89 EUR", None, False, None, None]
    assert (sheet["A3"].data_type, sheet["A1"].font.bold, sheet.freeze_panes) == ("s", True, "A2")


async def test_a_table_becomes_json(product: InProcessProduct, ann: Viewer) -> None:
    async with product.working():
        done = await product.over(ann, (await product.start(ann, await product.table(ann), "JSON"))["id"])
    answer = await product.open(done["url"])
    values = [[row.get(f"c{n + 1}") for n in range(len(COLUMNS))] for row in ROWS]
    assert json.loads(answer.content) == [dict(zip(HEADER, row, strict=True)) for row in values]


async def test_a_table_becomes_markdown(product: InProcessProduct, ann: Viewer) -> None:
    async with product.working():
        done = await product.over(ann, (await product.start(ann, await product.table(ann), "MARKDOWN"))["id"])
    lines = (await product.open(done["url"])).content.decode().splitlines()
    assert lines[0] == "| Item | Number | Price | Off | Paid | Day | Tags |"
    assert lines[2] == "| Café | 3 | 12.50 EUR | 7.5% | true | 2026-05-01 | a, b |"
    assert len(lines) == 5


async def test_a_table_without_rows_can_be_exported(product: InProcessProduct, ann: Viewer) -> None:
    async with product.working():
        done = await product.over(ann, (await product.start(ann, await product.table(ann, [])))["id"])
    assert (done["status"], done["rowCount"], done["progress"]) == ("COMPLETED", 0, {"done": 0, "total": 0})
    assert (await product.open(done["url"])).content.decode("utf-8-sig") == ",".join(HEADER) + "\r\n"


async def test_a_large_table_is_exported_whole_and_shows_its_progress(product: InProcessProduct, ann: Viewer) -> None:
    rows: list[dict[str, Value]] = [{"c1": f"Row {n} " + "x" * 300, "c2": n} for n in range(4_000)]
    table = await product.table(ann, rows)
    async with product.working():
        started = await product.start(ann, table, "XLSX")
        events = [event async for event in product.follow(ann, started["id"])]
        done = await product.over(ann, started["id"])
    displayed = [event["data"]["exportProgress"] for event in events]
    last = {"status": "COMPLETED", "progress": {"done": 4_000, "total": 4_000}, "rowCount": 4_000}
    assert {name: displayed[-1][name] for name in last} == last
    assert displayed[-1]["url"].partition("?")[0] == done["url"].partition("?")[0]
    assert [event["progress"]["done"] for event in displayed] == sorted(
        event["progress"]["done"] for event in displayed
    )
    assert all(event["rowCount"] is None for event in displayed if event["status"] != "COMPLETED")
    sheet = openpyxl.load_workbook(io.BytesIO((await product.open(done["url"])).content), read_only=True).worksheets[0]
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == list(range(4_000))


async def test_following_an_export_that_is_over_shows_how_it_ended_once(product: InProcessProduct, ann: Viewer) -> None:
    async with product.working():
        started = await product.start(ann, await product.table(ann))
        await product.over(ann, started["id"])
    events = [event async for event in product.follow(ann, started["id"])]
    assert [event["data"]["exportProgress"]["status"] for event in events] == ["COMPLETED"]


async def test_an_export_never_looks_completed_without_its_result(product: InProcessProduct, ann: Viewer) -> None:
    seen: list[Any] = []
    async with product.working():
        started = await product.start(ann, await product.table(ann))
        while not seen or seen[-1]["status"] != "COMPLETED":
            seen.append(await product.get(ann, SHOW, id=started["id"]))
    assert (seen[-1]["rowCount"], seen[-1]["url"] is not None) == (3, True)


async def test_a_stranger_can_start_see_end_and_follow_nothing(
    product: InProcessProduct, ann: Viewer, bob: Viewer
) -> None:
    table = await product.table(ann)
    arguments = {"tableId": global_id(Table, table), "destination": "CSV"}
    assert (await product.refused(bob, START, input=arguments))[0] == "NOT_FOUND"
    assert (await product.refused(None, START, input=arguments))[0] == "UNAUTHENTICATED"
    assert await product.counts() == (0, 0)
    id_ = (await product.start(ann, table))["id"]
    assert await product.get(bob, SHOW, id=id_) is None
    assert await product.get(bob, LIST) == {"nodes": []}
    assert (await product.refused(bob, CANCEL, input={"id": id_}))[0] == "NOT_FOUND"
    assert (await product.refused(bob, RETRY, input={"id": id_}))[0] == "NOT_FOUND"
    assert [event["errors"][0]["extensions"]["code"] async for event in product.follow(bob, id_)] == ["NOT_FOUND"]
    displayed = await product.get(ann, SHOW, id=id_)
    assert (displayed["status"], await product.counts()) == ("QUEUED", (1, 1))


async def test_who_may_see_a_table_may_export_it_for_themselves_and_the_admins(
    product: InProcessProduct, ann: Viewer, bob: Viewer
) -> None:
    cy = await product.world.person("cy")
    organization = await product.world.organization(ann, [bob, cy])
    table = await product.table(ann, organization=organization, visibility=Visibility.ORGANIZATION)
    async with product.working():
        started = await product.start(bob, table)
        done = await product.over(bob, started["id"])
    assert (done["status"], done["rowCount"]) == ("COMPLETED", 3)
    assert (await product.get(ann, SHOW, id=started["id"]))["status"] == "COMPLETED"
    assert await product.get(cy, SHOW, id=started["id"]) is None


async def test_an_export_of_somebody_who_left_holds_nothing(
    product: InProcessProduct, ann: Viewer, bob: Viewer
) -> None:
    organization = await product.world.organization(ann)
    membership = await product.world.join(organization, bob)
    table = await product.table(ann, organization=organization, visibility=Visibility.ORGANIZATION)
    started = await product.start(bob, table)
    await product.change(Membership, membership, deleted_at=now())
    async with product.working():
        done = await product.over(ann, started["id"])
    assert (done["status"], done["error"]["code"], done["url"]) == ("FAILED", "NOT_FOUND", None)
    assert not product.files.exists()


async def test_an_export_of_a_deleted_table_fails_and_is_listed_no_more(product: InProcessProduct, ann: Viewer) -> None:
    table = await product.table(ann)
    started = await product.start(ann, table)
    await product.change(Table, table, deleted_at=now())
    async with product.working():
        displayed = await until(lambda: product.ended(ann, started["id"]))
    message = "The table was deleted, or you may no longer see it."
    assert displayed["status"] == "FAILED"
    assert displayed["error"] == {"code": "NOT_FOUND", "message": message, "retryable": False}
    assert product.kept == []
    assert await product.get(ann, LIST) == {"nodes": []}
    assert (await product.refused(ann, RETRY, input={"id": started["id"]}))[0] == "NOT_FOUND"
    assert (await product.refused(ann, SHOW, id=started["id"]))[0] == "NOT_FOUND"


async def test_a_failed_export_can_be_retried_and_no_other(product: InProcessProduct, ann: Viewer, bob: Viewer) -> None:
    organization = await product.world.organization(ann, [bob])
    table = await product.table(ann, organization=organization, visibility=Visibility.ORGANIZATION)
    started = await product.start(bob, table)
    arguments = {"id": started["id"]}
    assert (await product.refused(bob, RETRY, input=arguments))[0] == "CONFLICT"
    await product.change(Table, table, visibility=Visibility.PRIVATE)
    async with product.working():
        await until(lambda: product.ended(bob, started["id"]))
    await product.change(Table, table, visibility=Visibility.ORGANIZATION)
    retried = (await product.get(bob, RETRY, input=arguments))["export"]
    assert (retried["status"], retried["error"], retried["startedAt"]) == ("QUEUED", None, None)
    async with product.working():
        done = await product.over(bob, started["id"])
    assert (done["status"], done["attempts"], done["error"], done["rowCount"]) == ("COMPLETED", 2, None, 3)
    code, message = await product.refused(bob, RETRY, input=arguments)
    assert (code, message) == ("CONFLICT", "Only a failed or canceled export can be retried; this one is COMPLETED.")


async def test_a_canceled_export_is_not_done(product: InProcessProduct, ann: Viewer) -> None:
    arguments = {"id": (await product.start(ann, await product.table(ann)))["id"]}
    for _ in range(2):
        canceled = (await product.get(ann, CANCEL, input=arguments))["export"]
        assert (canceled["status"], canceled["attempts"], canceled["url"]) == ("CANCELED", 0, None)
    async with product.working():
        other = await product.start(ann, await product.table(ann))
        await product.over(ann, other["id"])
        assert (await product.refused(ann, CANCEL, input={"id": other["id"]}))[0] == "CONFLICT"
    assert (await product.get(ann, SHOW, id=arguments["id"]))["status"] == "CANCELED"
    assert len(product.kept) == 1


async def test_files_of_exports_are_kept_for_some_days(product: InProcessProduct, ann: Viewer) -> None:
    table = await product.table(ann)
    async with product.working():
        old, new = [await product.over(ann, (await product.start(ann, table))["id"]) for _ in range(2)]
    stored = timedelta(days=product.settings.export_retention_days)
    half = product.files / f".{'0' * 32}.1.part"
    half.touch()
    long_ago = now() - stored - timedelta(minutes=1)
    decoded = decode(old["id"])
    assert decoded is not None
    for path in (product.files / f"{decoded[1].hex}.csv", half):
        os.utime(path, (long_ago.timestamp(), long_ago.timestamp()))
    job = (await product.database.by_ids(Export, ann, [decoded[1]]))[decoded[1]].job_id
    await product.change(Job, job, finished_at=long_ago)
    sweep = Sweep(product.database, product.backend.blobs, product.files, stored)
    assert await sweep.sweep() == 2
    assert (await product.open(old["url"])).status_code == 404
    assert (await product.open(new["url"])).status_code == 200
    assert [(await product.get(ann, SHOW, id=export["id"]))["url"] is None for export in (old, new)] == [True, False]


async def test_the_same_key_starts_one_export(product: InProcessProduct, ann: Viewer) -> None:
    table = await product.table(ann)
    ids = [(await product.start(ann, table, idempotencyKey="may"))["id"] for _ in range(2)]
    other = (await product.start(ann, table, idempotencyKey="june"))["id"]
    assert ids[0] == ids[1] != other
    assert await product.counts() == (2, 2)


async def test_one_person_can_have_a_number_of_unfinished_exports(product: InProcessProduct, ann: Viewer) -> None:
    table = await product.table(ann)
    product.database.job_limits = {"export": 2}
    first, _ = [await product.database.write(exports.start, ann, table, ExportDestination.CSV) for _ in range(2)]
    message = r"^You have 2 unfinished exports, and the limit is 2\. Wait for one to finish, or cancel one\.$"
    with pytest.raises(RateLimited, match=message):
        await product.database.write(exports.start, ann, table, ExportDestination.CSV)
    assert await product.counts() == (2, 2)
    await product.database.write(exports.cancel, ann, first.id)
    await product.database.write(exports.start, ann, table, ExportDestination.CSV)
    with pytest.raises(RateLimited, match=message):
        await product.database.write(exports.retry, ann, first.id)


async def test_a_sheet_name_has_a_limit(product: InProcessProduct, ann: Viewer) -> None:
    arguments = {"tableId": global_id(Table, await product.table(ann)), "destination": "XLSX", "sheetName": "x" * 101}
    assert await product.refused(ann, START, input=arguments) == (
        "BAD_USER_INPUT",
        "The name of a sheet has at most 100 characters.",
    )
    assert await product.counts() == (0, 0)


async def test_exports_are_listed_by_table_and_by_status(product: InProcessProduct, ann: Viewer) -> None:
    tables = [await product.table(ann), await product.table(ann)]
    ids = [(await product.start(ann, table))["id"] for table in [*tables, tables[0]]]
    await product.get(ann, CANCEL, input={"id": ids[0]})

    async def listed(**arguments: Any) -> list[str]:
        return [node["id"] for node in (await product.get(ann, LIST, **arguments))["nodes"]]

    first = global_id(Table, tables[0])
    assert await listed() == [ids[2], ids[1], ids[0]]
    assert await listed(tableId=first) == [ids[2], ids[0]]
    assert await listed(status="CANCELED") == [ids[0]]
    assert await listed(tableId=first, status="QUEUED") == [ids[2]]
    assert (await product.refused(ann, LIST, tableId=ids[0]))[0] == "NOT_FOUND"


async def test_a_list_of_exports_costs_the_same_queries_whatever_its_length(
    product: InProcessProduct, ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries: list[str] = []
    fetch = product.database._fetch

    async def counted(plan: Any, values: list[Any]) -> list[Any]:
        queries.append(plan.sql)
        return await fetch(plan, values)

    monkeypatch.setattr(product.database, "_fetch", counted)
    counts = []
    for _ in range(2):
        for _ in range(4):
            await product.start(ann, await product.table(ann))
        queries.clear()
        nodes = (await product.get(ann, LIST))["nodes"]
        counts.append((len(nodes), len(queries)))
    # The page, the states, the tables, the people.
    assert counts == [(4, 4), (8, 4)]


async def test_an_export_that_a_killed_worker_began_is_done_by_the_next(product: InProcessProduct, ann: Viewer) -> None:
    started = await product.start(ann, await product.table(ann))
    job = await product.job()
    assert await product.database.write(jobs.claim, SYSTEM, job.id) is not None
    product.files.mkdir()
    export_id = job.arguments["export_id"]
    (product.files / f".{export_id}.1.part").write_text("half a fi")
    await product.change(Job, job.id, leased_until=now() - timedelta(seconds=1))
    async with product.working():
        done = await product.over(ann, started["id"])
    assert (done["status"], done["attempts"], done["rowCount"]) == ("COMPLETED", 2, 3)
    assert product.kept == [f"{export_id}.csv"]


async def test_a_worker_that_lost_its_export_leaves_no_file(product: InProcessProduct, ann: Viewer) -> None:
    await product.start(ann, await product.table(ann))
    job = await product.job()
    claimed = await product.database.write(jobs.claim, SYSTEM, job.id)
    assert claimed is not None
    stored = JobContext(*claimed, lambda: None)
    await product.change(Job, job.id, leased_until=now() - timedelta(seconds=1))
    await product.database.write(jobs.claim, SYSTEM, job.id)
    with pytest.raises(LeaseLost):
        await Exports(product.database, product.settings, product.backend.google)(stored)
    assert product.kept == []
    export = await product.database.find(Export, SYSTEM, UUID(job.arguments["export_id"]))
    assert export is not None
    assert (export.file, export.row_count) == (None, None)
    assert (await product.job()).status is JobStatus.RUNNING


async def test_columns_and_rows_of_an_export_are_of_one_revision(
    product: InProcessProduct, ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody adds a column after the columns were read and before the rows are."""
    id_ = await product.table(ann)
    read = product.database.read
    times = 0

    def widen(session: Session) -> None:
        session.add(TableColumn(table_id=id_, key="c8", name="Note", type=ColumnType.TEXT, position=8))
        session.get(Table, id_).revision += 1
        row = session.scalars(select(Row).where(Row.position == 1)).one()
        row.values = {**row.values, "c8": "new"}

    async def reading(query: Any, viewer: Viewer, **arguments: Any) -> Any:
        nonlocal times
        rows = await read(query, viewer, **arguments)
        if query.model is TableColumn and (times := times + 1) == 1:
            await product.database.write(widen, ann)
        return rows

    monkeypatch.setattr(product.database, "read", reading)
    with await snapshots.take(product.database, ann, id_, tmp(product)) as snapshot:
        assert (snapshot.revision, len(snapshot.columns), snapshot.row_count) == (5, 8, 3)
        assert next(snapshot.batches())[0][2]["c8"] == "new"


async def test_a_table_that_never_rests_is_not_exported_half(
    product: InProcessProduct, ann: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await product.table(ann, [])
    read = product.database.read

    async def reading(query: Any, viewer: Viewer, **arguments: Any) -> Any:
        rows = await read(query, viewer, **arguments)
        if query.model is TableColumn:
            await product.database.write(lambda s: setattr(s.get(Table, id_), "revision", now().microsecond), ann)
        return rows

    monkeypatch.setattr(product.database, "read", reading)
    with pytest.raises(JobFailure, match="The table is changing too often to be copied"):
        await snapshots.take(product.database, ann, id_, tmp(product))


def tmp(product: InProcessProduct) -> Path:
    product.files.mkdir()
    return product.files
