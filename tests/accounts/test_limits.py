"""Limits of people: uploads and rows by day, unfinished jobs at once, and `User.limits`, which shows them all."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from db.jobs.concurrency import NAMES
from settings.settings import Settings
from tests.support.app import App, open_app
from tests.support.client import Client, Refused

LIMITS = "{ me { limits { name limit used resetsAt } } }"
CSV = b"Item,Price\nNails,3\nScrews,4\n"
COLUMNS = [{"name": "Item", "type": "TEXT", "isUnique": True}]


async def limits_of(client: Client) -> dict[str, tuple[int, int]]:
    """Return limit and use of each resource."""
    listed = (await client.run(LIMITS))["me"]["limits"]
    return {item["name"]: (item["limit"], item["used"]) for item in listed}


async def refusal(work: Any) -> dict[str, Any]:
    with pytest.raises(Refused) as caught:
        await work
    (error,) = caught.value.errors
    return {"message": error["message"], **error["extensions"]}


async def create_table(client: Client) -> str:
    created = await client.mutate("createTable", "{ table { id } }", name="Costs", columns=COLUMNS)
    return str(created["table"]["id"])


async def test_rows_are_counted_by_day_however_they_come(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, row_limit_person="7 per day") as app:
        ann, bob = await app.person("ann"), await app.person("bob")
        table = await create_table(ann)
        rows = [{"Item": str(number)} for number in range(3)]
        await ann.mutate("addRows", "{ revision { number } }", tableId=table, rows=rows)
        await ann.mutate("upsertRows", "{ updated }", tableId=table, keyColumns=["Item"], rows=rows[:2])
        await ann.mutate("importTable", "{ rowCount }", text=CSV.decode(), dryRun=True)
        await ann.mutate("importTable", "{ rowCount }", text=CSV.decode())
        assert (await limits_of(ann))["rows"] == (7, 7)
        for name, arguments in (
            ("addRows", {"tableId": table, "rows": rows[:1]}),
            ("upsertRows", {"tableId": table, "keyColumns": ["Item"], "rows": rows[:1]}),
            ("importTable", {"text": CSV.decode()}),
        ):
            error = await refusal(ann.mutate(name, "{ __typename }", **arguments))
            assert error["code"] == "RATE_LIMITED"
            assert error["message"].startswith(
                "The limit is 7 rows per day for one person: 7 are used, and this needs "
            )
            assert error["retryAfterMs"] > 86_000_000
        listed = (await ann.run("{ tables { nodes { rowCount } } }"))["tables"]["nodes"]
        assert sorted(item["rowCount"] for item in listed) == [2, 3]
        await bob.mutate("importTable", "{ rowCount }", text=CSV.decode())


async def test_files_are_counted_by_day_before_they_are_read(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, upload_limit_person="3 per day") as app:
        ann, bob = await app.person("ann"), await app.person("bob")
        file = ("costs.csv", CSV)
        await ann.upload("importTable", "{ rowCount }", files={"file": file}, file=None, dryRun=True)
        two = {"attachments.0": file, "attachments.1": file}
        await ann.upload("sendMessage", "{ message { id } }", files=two, text="Read this.", attachments=[None] * 2)
        assert (await limits_of(ann))["uploads"] == (3, 3)
        for name, files in (("importTable", {"file": file}), ("sendMessage", {"attachments.0": file})):
            more: dict[str, Any] = {"file": None} if "file" in files else {"text": "More.", "attachments": [None]}
            error = await refusal(ann.upload(name, "{ __typename }", files=files, **more))
            assert error["message"].startswith("The limit is 3 uploads per day for one person: 3 are used")
        assert (await ann.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] == 1
        await bob.upload("importTable", "{ rowCount }", files={"file": file}, file=None, dryRun=True)


async def test_a_burst_of_a_person_never_passes_the_limit_of_unfinished_jobs(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, exports_per_person=2) as app:
        ann, bob = await app.person("ann"), await app.person("bob")
        await app.product.worker.stop()
        table = await create_table(ann)
        start = "startExport", "{ export { id } }"
        burst = [ann.mutate(*start, tableId=table, destination="CSV") for _ in range(8)]
        results = await asyncio.gather(*burst, return_exceptions=True)
        refused = [result.errors[0]["extensions"] for result in results if isinstance(result, Refused)]
        assert [error["code"] for error in refused] == ["RATE_LIMITED"] * 6
        assert {(error["limit"], error["used"], error["retryAfterMs"]) for error in refused} == {(2, 2, 5_000)}
        assert (await ann.run("{ exports { totalCount } }"))["exports"]["totalCount"] == 2
        assert (await limits_of(ann))["exports"] == (2, 2)
        assert (await limits_of(bob))["exports"] == (2, 0)


async def test_replies_and_extractions_at_once_are_limited(database_url: str, tmp_path: Path) -> None:
    settings = {"replies_per_person": 1, "extractions_per_person": 1}
    async with open_app(database_url, tmp_path, **settings) as app:
        ann = await app.person("ann")
        await app.product.worker.stop()
        sent = await ann.mutate("sendMessage", "{ conversation { id } }", text="Nails: 3")
        error = await refusal(ann.mutate("sendMessage", "{ __typename }", text="Screws: 4"))
        assert error["message"].startswith("You have 1 unfinished replies, and the limit is 1. Wait for one to finish")
        extraction = {"conversationId": sent["conversation"]["id"], "columns": [{"name": "Item", "type": "TEXT"}]}
        await ann.mutate("extractTable", "{ proposal { id } }", **extraction)
        error = await refusal(ann.mutate("extractTable", "{ __typename }", **extraction))
        assert (error["code"], error["quota"]) == ("RATE_LIMITED", "extractions")
        limits = await limits_of(ann)
        assert (limits["replies"], limits["extractions"]) == ((1, 1), (1, 1))
        assert (await ann.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] == 1


async def test_limits_are_shown_to_the_person_alone(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    listed = (await ann.run(LIMITS))["me"]["limits"]
    assert [item["name"] for item in listed] == ["operations", "cost", "uploads", "rows", *NAMES.values(), "storage"]
    assert [item["resetsAt"] is None for item in listed] == [False] * 4 + [True] * 4
    assert [item["used"] for item in listed][2:] == [0] * 6
    assert await limits_of(ann) != await limits_of(bob)
    root = await app.person("root")
    document = "query U($id: ID!) { user(id: $id) { limits { name } } }"
    me = (await ann.run("{ me { id } }"))["me"]["id"]
    assert (await root.run(document, id=me))["user"] is None


def test_every_kind_of_job_that_has_a_limit_has_a_name() -> None:
    assert Settings(_env_file=None).job_limits.keys() == NAMES.keys()
