"""Links that keep sheets up to date with their tables, through GraphQL."""

from datetime import timedelta
from typing import Any

from auth.viewer import Viewer
from db.core.base import now
from db.exports import sheet_links
from db.models.memberships import Membership
from db.models.sheet_links import SheetLink
from db.models.tables import Table
from jobs.exports.sheet_links import SheetLinkSweep
from resolvers.core.ids import decode
from tests.support.in_process_product import CANCEL, InProcessProduct
from tests.support.loopback.sheets import LoopbackSheets
from tests.support.processes.waiting import until
from tests.support.sheet_story import ROWS, SheetStory
from tests.support.world import SYSTEM

LINKS = """query L($id: ID!) { table(id: $id) { revision sheetLinks { id spreadsheetUrl sheetName mode status
  lastRevision lastSyncedAt error { code message retryable } table { name } } } }"""
NODE = "query N($id: ID!) { node(id: $id) { id } }"
NOTES = "{ notifications(first: 20) { nodes { kind title subjectId } } }"
HEADER = ["Item", "Price", "Paid", "Day"]
FOOD, FUN = ["Food", 310.5, False], ["Fun", "", "", 46145]


async def links(story: SheetStory, viewer: Viewer | None = None) -> Any:
    return (await story.product.get(viewer or story.viewer, LINKS, id=story.table))["sheetLinks"]


async def link(story: SheetStory) -> Any:
    (only,) = await links(story)
    return only


async def synced(story: SheetStory) -> bool:
    table = await story.product.get(story.viewer, LINKS, id=story.table)
    return bool(table["sheetLinks"][0]["lastRevision"] == table["revision"])


async def sync_now(story: SheetStory) -> None:
    """Start the jobs of all links whose table changed, without waiting."""
    sweep = SheetLinkSweep(story.product.database, timedelta(0))
    await sweep.sweep()
    await sweep.sweep()


async def failed_times(story: SheetStory, times: int) -> None:
    """Wait until the job of the only link has failed so often, and make the next one due."""
    key = decode((await link(story))["id"])
    assert key is not None

    async def count() -> bool:
        row = await story.product.database.find(SheetLink, SYSTEM, key[1])
        return row is not None and row.failures >= times

    await until(count)
    await story.product.change(SheetLink, key[1], due_at=now())


async def test_a_linked_sheet_follows_the_table(story: SheetStory) -> None:
    async with story.product.working():
        await story.export(keepUpdated=True)
        created = await link(story)
        assert (created["status"], created["mode"], created["sheetName"], created["error"]) == (
            "COMPLETED",
            "REPLACE",
            "Costs",
            None,
        )
        assert (created["lastRevision"], created["table"]) == (2, {"name": "Costs"})
        assert created["spreadsheetUrl"].endswith(f"{story.spreadsheet}/edit")
        sweep = SheetLinkSweep(story.product.database, timedelta(seconds=0.2))
        sweep.start()
        await story.change((0, "Price", "1"))
        await story.change((0, "Price", "2"))
        await story.add([{"Item": "Gym"}])
        await story.delete(1)
        await until(lambda: synced(story))
        await sweep.stop()
    assert story.sheet.values() == [HEADER, ["Rent", 2, True, 46143], FUN, ["Gym"]]
    assert (await link(story))["lastRevision"] == 6


async def test_changes_are_gathered_into_one_job(story: SheetStory) -> None:
    async with story.product.working():
        await story.export(keepUpdated=True)
        sweep = SheetLinkSweep(story.product.database, timedelta(seconds=60))
        for price in range(3):
            await story.change((0, "Price", str(price)))
            await sweep.sweep()
        assert await story.product.counts() == (1, 1)
        key = decode((await link(story))["id"])
        assert key is not None
        await story.product.change(SheetLink, key[1], due_at=now())
        await sweep.sweep()
        await sweep.sweep()
        assert await story.product.counts() == (1, 2)
        await until(lambda: synced(story))
    assert story.sheet.at("B2").plain == 2


async def test_a_link_with_keys_updates_rows_and_leaves_those_of_people(story: SheetStory) -> None:
    async with story.product.working():
        await story.export()
        story.sheet.rows = 9
        story.sheet.type_in("A8", "Mine")
        await story.export("UPSERT", keepUpdated=True)
        await story.change((1, "Price", "5"))
        await sync_now(story)
        await until(lambda: synced(story))
    assert (story.sheet.at("B3").plain, story.sheet.at("A8").plain) == (5, "Mine")
    assert (await link(story))["mode"] == "UPSERT"


async def test_a_link_that_fails_again_and_again_is_paused_with_a_notification_and_can_be_resumed(
    story: SheetStory,
) -> None:
    async with story.product.working():
        await story.export(keepUpdated=True)
        story.sheet.type_in("B3", "mine")
        await story.change((0, "Price", "1"))
        for times in range(1, sheet_links.MAX_FAILURES + 1):
            await sync_now(story)
            await failed_times(story, times)
        await sync_now(story)
        jobs = (await story.product.counts())[1]
        await sync_now(story)
        assert (await story.product.counts())[1] == jobs == 1 + sheet_links.MAX_FAILURES
        paused = await link(story)
        assert (paused["status"], paused["error"]["code"]) == ("FAILED", "CONFLICT")
        assert "Costs: B3 (Price)" in paused["error"]["message"]
        note, *_ = (await story.product.get(story.viewer, NOTES))["nodes"]
        assert (note["kind"], note["subjectId"]) == ("SHEET_LINK_PAUSED", paused["id"])
        assert note["title"].startswith("Costs no longer updates the sheet Costs: Cells were changed by hand")
        assert story.sheet.at("B3").plain == "mine"

        await story.export("REPLACE", onConflict="OVERWRITE", keepUpdated=True)
        resumed = await link(story)
        assert (resumed["id"], resumed["status"], resumed["error"]) == (paused["id"], "COMPLETED", None)
        await story.change((0, "Price", "3"))
        await sync_now(story)
        await until(lambda: synced(story))
    assert story.sheet.values() == [HEADER, ["Rent", 3, True, 46143], FOOD, FUN]


async def test_a_link_ends_with_its_table_or_by_cancelling_its_export(
    story: SheetStory, google: LoopbackSheets
) -> None:
    async with story.product.working():
        created = await story.export(keepUpdated=True)
        calls = len(google.calls)
        await story.product.get(story.viewer, CANCEL, input={"id": created["id"]})
        assert await links(story) == []
        await story.change((0, "Price", "1"))
        await sync_now(story)
        assert await story.product.counts() == (1, 1)
        await story.export("REPLACE", keepUpdated=True)
        id_ = (await link(story))["id"]
        table = decode(story.table)
        assert table is not None
        await story.change((0, "Price", "2"))
        calls = len(google.calls)
        await story.product.change(Table, table[1], deleted_at=now())
        await sync_now(story)
        assert (await story.product.counts())[1] == 2
        assert len(google.calls) == calls
        await story.product.get(story.viewer, NODE, id=id_)


async def test_links_are_seen_by_those_who_see_the_exports_and_write_nothing_for_those_who_left(
    product: InProcessProduct, ann: Viewer, bob: Viewer, google: LoopbackSheets
) -> None:
    organization = await product.world.organization(ann)
    membership = await product.world.join(organization, bob)
    story = SheetStory(product, ann, google)
    await story.begin(organization)
    theirs = SheetStory(product, bob, google)
    theirs.table, theirs.rows = story.table, story.rows
    async with product.working():
        await theirs.export(keepUpdated=True)
        (seen,) = await links(story)
        await story.export(keepUpdated=True)
        assert await links(theirs) == [seen]
        await story.change((0, "Price", "1"))
        await product.change(Membership, membership, deleted_at=now())
        assert await product.get(bob, NODE, id=(await links(story))[1]["id"]) is None
        await sync_now(story)
        await failed_times_of_first(story)
    assert theirs.sheet.at("B2").plain == 1200
    assert story.sheet.at("B2").plain == 1
    assert len(ROWS) == 3


async def failed_times_of_first(story: SheetStory) -> None:
    async def done() -> bool:
        first, second = await links(story)
        return bool(first["status"] == "FAILED" and second["lastRevision"] == 3)

    await until(done)
    first, _ = await links(story)
    assert first["error"]["code"] == "NOT_FOUND"
