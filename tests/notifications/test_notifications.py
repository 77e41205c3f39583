"""Notifications: their recipients, their order, and the users who get none."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from auth.viewer import Viewer
from db.core.base import now
from db.core.engine import Database
from db.core.prepared import Prepared
from db.core.session import Session
from db.jobs import jobs
from db.jobs.jobs import LeaseLost
from db.models.notifications import Notification
from db.models.tables import Table
from db.models.users import User
from db.notifications import broadcasts, notifications
from db.notifications.notifications import notify
from db.retention import purging
from resolvers.core.ids import global_id
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.in_process_product import InProcessProduct
from tests.support.processes.waiting import until
from tests.support.world import SYSTEM, World

LIST = """query L($first: Int, $after: String, $unreadOnly: Boolean! = false) {
  notifications(first: $first, after: $after, unreadOnly: $unreadOnly) { totalCount pageInfo { endCursor }
  nodes { id at kind title subjectId isRead } } }"""
FOLLOW = "subscription N($after: ID) { notifications(after: $after) { id kind title subjectId } }"
READ = "{ notifications { id isRead } unreadCount }"
SAY = "{ conversation { id } reply { id } }"

how_many: Prepared[Any] = Prepared(select(func.count(Notification.id).label("number")))


async def listed(client: Client, **requested: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await client.run(LIST, **requested))["notifications"]["nodes"]
    return nodes


async def told(app: App, client: Client, *titles: str) -> list[UUID]:
    """Notify a user several times, each in a transaction of its own, and return the ids."""
    viewer = await app.viewer(client)
    return [await tells(app.backend.database, viewer, title) for title in titles]


async def tells(database: Database, viewer: Viewer, title: str) -> UUID:
    def unit(session: Session) -> UUID:
        assert viewer.user_id is not None
        return notify(session, viewer.user_id, "TEST", title).id

    return await database.write(unit, SYSTEM)


async def test_a_reply_that_nobody_watched_is_told_and_one_that_was_watched_is_not(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    watched = await ann.mutate("sendMessage", SAY, text="Watch", wait=True)
    assert await listed(ann) == []
    arguments = {"text": "Look away", "conversationId": watched["conversation"]["id"]}
    unwatched = await ann.mutate("sendMessage", SAY, **arguments)
    (notification,) = await until(lambda: listed(ann))
    assert (notification["kind"], notification["title"]) == ("REPLY_FINISHED", "The reply in Watch is finished")
    assert (notification["subjectId"], notification["isRead"]) == (unwatched["reply"]["id"], False)
    result = await ann.run("query N($id: ID!) { node(id: $id) { __typename } }", id=notification["subjectId"])
    assert result["node"] == {"__typename": "Message"}
    query = "query N($id: ID!) { node(id: $id) { __typename } }"
    assert (await ann.run(query, id=notification["id"]))["node"] == {"__typename": "Notification"}
    assert (await eve.run(query, id=notification["id"]))["node"] is None
    assert await listed(eve) == []


async def test_who_is_invited_is_told(app: App) -> None:
    ann, bob, eve = await app.person("ann"), await app.person("bob"), await app.person("eve")
    organization = await app.organization(ann)
    for email in ("bob@example.com", "nobody@example.com"):
        await ann.mutate("inviteMember", "{ email }", organizationId=organization, email=email)
    (notification,) = await listed(bob)
    assert (notification["kind"], notification["title"]) == ("INVITED", "You are invited to Shared")
    assert notification["subjectId"] == organization
    assert [await listed(ann), await listed(eve)] == [[], []]


async def test_how_an_export_ended_is_told_to_who_asked_for_it(world: World, tmp_path: Path) -> None:
    product, ann = InProcessProduct(world, tmp_path), await world.person("ann")
    done = await product.start(ann, await product.table(ann, name="{Costs}"))
    table = await product.table(ann, name="Secret")
    failed = await product.start(ann, table)
    await product.change(Table, table, deleted_at=now())
    async with product.working():
        await until(lambda: product.ended(ann, done["id"]))
        await until(lambda: product.ended(ann, failed["id"]))
    messages = {note["subjectId"]: (note["kind"], note["title"]) for note in (await product.get(ann, LIST))["nodes"]}
    assert messages == {
        done["id"]: ("EXPORT_FINISHED", "The export of {Costs} is finished"),
        failed["id"]: (
            "EXPORT_FAILED",
            "The export of a table failed: The table was deleted, or you may no longer see it.",
        ),
    }


async def test_what_comes_is_sent_once_and_to_one_person(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    await told(app, ann, "before")
    mine, theirs = app.follow(ann, FOLLOW), app.follow(eve, FOLLOW)
    async with aclosing(mine), aclosing(theirs):
        first, nothing = asyncio.ensure_future(anext(mine)), asyncio.ensure_future(anext(theirs))
        await asyncio.sleep(0.05)
        await told(app, ann, "one", "two")
        assert (await asyncio.wait_for(first, 5))["notifications"]["title"] == "one"
        assert (await asyncio.wait_for(anext(mine), 5))["notifications"]["title"] == "two"
        third = asyncio.ensure_future(anext(mine))
        await asyncio.sleep(0.05)
        await told(app, ann, "three")
        assert (await asyncio.wait_for(third, 5))["notifications"]["title"] == "three"
        assert not nothing.done()
        nothing.cancel()
        await asyncio.wait([nothing])


async def test_who_comes_back_gets_what_came_after_the_last_one_however_much_it_was(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    viewer = await app.viewer(ann)

    def many(session: Session) -> list[UUID]:
        assert viewer.user_id is not None
        return [notify(session, viewer.user_id, "TEST", str(number)).id for number in range(250)]

    ids = [global_id(Notification, id_) for id_ in await app.backend.database.write(many, SYSTEM)]
    async with aclosing(app.follow(ann, FOLLOW, after=ids[9])) as news:
        assert [(await anext(news))["notifications"]["id"] for _ in range(240)] == ids[10:]
        waiting = asyncio.ensure_future(anext(news))
        await told(app, ann, "new")
        assert (await asyncio.wait_for(waiting, 5))["notifications"]["title"] == "new"
    for after in ("nonsense", (await ann.run("{ me { id } }"))["me"]["id"]):
        with pytest.raises(Refused) as refused:
            await anext(app.follow(ann, FOLLOW, after=after))
        assert refused.value.codes == ["NOT_FOUND"]
    assert await listed(eve) == []


async def test_what_commits_behind_a_later_one_is_sent_too(app: App) -> None:
    ann = await app.person()
    viewer = await app.viewer(ann)
    early = Notification(user_id=viewer.user_id, kind="TEST", title="early").id
    async with aclosing(app.follow(ann, FOLLOW)) as news:
        first = asyncio.ensure_future(anext(news))
        await asyncio.sleep(0.05)
        await told(app, ann, "late")
        assert (await asyncio.wait_for(first, 5))["notifications"]["title"] == "late"

        def commit(session: Session) -> None:
            assert viewer.user_id is not None
            notify(session, viewer.user_id, "TEST", "early").id = early

        second = asyncio.ensure_future(anext(news))
        await app.backend.database.write(commit, SYSTEM)
        assert (await asyncio.wait_for(second, 5))["notifications"]["title"] == "early"


async def test_only_one_s_own_are_marked_as_read(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    one, two, three = [global_id(Notification, id_) for id_ in await told(app, ann, "one", "two", "three")]
    nothing = await eve.mutate("markNotificationsRead", READ, ids=[one, two])
    assert nothing == {"notifications": [], "unreadCount": 0}
    assert [note["id"] for note in await listed(ann, unreadOnly=True)] == [three, two, one]
    marked = await ann.mutate("markNotificationsRead", READ, ids=[two, two])
    assert marked == {"notifications": [{"id": two, "isRead": True}], "unreadCount": 2}
    assert [note["id"] for note in await listed(ann, unreadOnly=True)] == [three, one]
    assert [note["isRead"] for note in await listed(ann)] == [False, True, False]
    rest = await ann.mutate("markNotificationsRead", READ)
    assert ([note["id"] for note in rest["notifications"]], rest["unreadCount"]) == ([three, one], 0)
    assert await listed(ann, unreadOnly=True) == []
    error = await ann.refused("markNotificationsRead", ids=[one] * 101)
    assert [mistake["field"] for mistake in error["extensions"]["fieldErrors"]] == ["ids"]
    with pytest.raises(Refused) as refused:
        await app.client().run(LIST)
    assert refused.value.codes == ["UNAUTHENTICATED"]


async def test_a_list_of_any_length_is_read_in_pages_with_the_same_statements(app: App) -> None:
    ann = await app.person()
    app.reads.clear()
    await told(app, ann, *(str(number) for number in range(3)))
    page = (await ann.run(LIST, first=2))["notifications"]
    costs = len(app.reads)
    assert ([node["title"] for node in page["nodes"]], page["totalCount"]) == (["2", "1"], 3)
    after = page["pageInfo"]["endCursor"]
    assert [node["title"] for node in await listed(ann, first=2, after=after)] == ["0"]
    await told(app, ann, *(str(number) for number in range(20)))
    app.reads.clear()
    assert (await ann.run(LIST, first=20))["notifications"]["totalCount"] == 23
    assert len(app.reads) <= costs


async def test_a_superuser_tells_everybody_and_nobody_else_does(app: App) -> None:
    ann, root = await app.person("ann"), await app.person("root")
    error = await ann.refused("broadcast", title="Free coffee")
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert await listed(ann) == []
    id_ = (await app.viewer(root)).user_id
    assert id_ is not None

    def grant(session: Session) -> None:
        session.get(User, id_).is_superuser = True

    await app.backend.database.write(grant, SYSTEM)
    for _ in range(2):
        sent = await root.mutate("broadcast", "{ title }", title=" Free\ncoffee ", idempotencyKey="coffee")
        assert sent == {"title": "Free coffee"}
    (notification,) = await until(lambda: listed(ann))
    assert (notification["kind"], notification["title"]) == ("BROADCAST", "Free coffee")
    # What a superuser may see is everything; what they are told of is their own.
    assert [note["title"] for note in await listed(root)] == ["Free coffee"]
    error = await root.refused("broadcast", title=" ")
    assert [mistake["field"] for mistake in error["extensions"]["fieldErrors"]] == ["title"]


async def test_a_broadcast_goes_on_where_it_was_and_tells_nobody_twice(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "BATCH", 2)
    root = Viewer((await world.person("root")).user_id, is_superuser=True)
    for number in range(4):
        await world.person(f"person{number}")
    job = await database.write(broadcasts.start, root, "Hello")
    await database.write(jobs.claim, SYSTEM, job.id)
    assert await database.write(broadcasts.notify_next_batch, root, job.id, 1)
    await database.write(jobs.release, SYSTEM, job.id, 1)
    await database.write(jobs.claim, SYSTEM, job.id)
    with pytest.raises(LeaseLost):
        await database.write(broadcasts.notify_next_batch, root, job.id, 1)
    assert [await database.write(broadcasts.notify_next_batch, root, job.id, 2) for _ in range(2)] == [True, False]
    assert await counted(database, 5)


async def counted(database: Database, expected: int) -> bool:
    (row,) = await database.read(how_many, SYSTEM)
    return bool(row.number == expected)


async def test_the_old_ones_are_erased_a_batch_at_a_time(database: Database, world: World) -> None:
    ann = await world.person("ann")
    for title in ("old", "older", "new"):
        await tells(database, ann, title)

    def age(session: Session) -> None:
        for row in session.scalars(select(Notification).where(Notification.title != "new")):
            row.created_at = now() - notifications.RETENTION - timedelta(minutes=1)

    await database.write(age, SYSTEM)
    assert [await database.write(purging.purge_batch, SYSTEM, 1, now()) for _ in range(3)] == [1, 1, 0]
    assert await counted(database, 1)
