"""Activity: complete across reconnects and processes, and visible only with the objects that it is about."""

import asyncio
from base64 import b64encode
from contextlib import aclosing
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from db.conversations import conversations
from db.conversations.conversations import NewConversation
from db.core.base import Visibility, now
from db.core.engine import Database
from db.core.prepared import Prepared
from db.core.session import INSIDE, Session
from db.models.activity import Activity
from db.models.conversations import Conversation
from db.models.memberships import Membership
from db.models.organizations import Organization
from db.notifications import activity
from db.retention import purging
from resolvers.core.ids import decode_id
from resolvers.notifications import activity as feed
from tests.reports.client import create_report, finished_report
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.world import SYSTEM, World, database_at

FOLLOW = """subscription A($after: String) { activity(after: $after) {
  cursor action nodeType nodeId at actor { email } } }"""
PASTE = "Item,Price\nTaxi,5\nBus,2\n"
CREATE = "{ conversation { id } }"

count: Prepared[Any] = Prepared(select(func.count(Activity.id).label("number")))


async def events_of(app: App, client: Client, number: int, after: str | None = "") -> list[dict[str, Any]]:
    """Return the next events of a person's activity."""
    async with asyncio.timeout(10), aclosing(app.follow(client, FOLLOW, after=after)) as events:
        return [(await anext(events))["activity"] for _ in range(number)]


async def silence(app: App, client: Client, after: str | None = "") -> bool:
    """Return whether a person's activity has nothing after a cursor."""
    try:
        async with asyncio.timeout(0.3):
            await events_of(app, client, 1, after)
    except TimeoutError:
        return True
    return False


async def cursor_of(client: Client) -> str:
    cursor: str = (await client.run("{ activityCursor }"))["activityCursor"]
    return cursor


async def test_a_second_tab_sees_everything_that_a_reply_and_an_export_create(app: App) -> None:
    ann = await app.person()
    start = await cursor_of(ann)
    sent = await ann.mutate("sendMessage", "{ conversation { id } message { id } reply { id } }", text=PASTE, wait=True)
    tables = (await ann.run("{ tables { nodes { id } } }"))["tables"]["nodes"]
    export = await ann.mutate("startExport", "{ export { id } }", tableId=tables[0]["id"], destination="CSV")
    seen: dict[tuple[str, str], list[str]] = {}
    node = "query N($id: ID!) { node(id: $id) { __typename } }"
    async with asyncio.timeout(10), aclosing(app.follow(ann, FOLLOW, after=start)) as events:
        async for event in events:
            item = event["activity"]
            seen.setdefault((item["nodeType"], item["nodeId"]), []).append(item["action"])
            # Created; then claimed and completed by a worker.
            if seen.get(("Export", export["export"]["id"]), [])[2:]:
                break
    for kind, id_ in seen:
        assert (await ann.run(node, id=id_))["node"] == {"__typename": kind}
    assert {kind for kind, _ in seen} == {"Conversation", "Message", "Table", "Proposal", "Export"}
    assert all(actions[0] == "CREATED" for actions in seen.values())
    assert seen["Conversation", sent["conversation"]["id"]][:2] == ["CREATED", "CHANGED"]
    assert seen["Message", sent["message"]["id"]] == ["CREATED"]
    assert seen["Message", sent["reply"]["id"]] == ["CREATED", "CHANGED"]


async def test_a_report_is_seen_from_its_start_to_its_end_by_those_who_may_see_it(app: App) -> None:
    ann, ben = await app.person("ann"), await app.person("ben")
    shared = await app.organization(ann, ben)
    starts = {person: await cursor_of(person) for person in (ann, ben)}
    report = await create_report(ben, shared)
    await finished_report(ben, report)
    for person in (ann, ben):  # Ann administers the organization
        events = await events_of(app, person, 3, starts[person])
        assert [(event["action"], event["nodeType"], event["nodeId"]) for event in events] == [
            (action, "Report", report) for action in ("CREATED", "CHANGED", "CHANGED")
        ]
    private = await create_report(ann, shared)
    await finished_report(ann, private)
    assert await silence(app, ben, events[-1]["cursor"])


async def test_only_those_who_see_an_object_get_its_activity(app: App) -> None:
    ann, ben, eve = [await app.person(name) for name in ("ann", "ben", "eve")]
    shared = await app.organization(ann, ben)
    arguments = {"organizationId": shared}
    private = (await ann.mutate("createConversation", CREATE, title="Secret", **arguments))["conversation"]["id"]
    start = await cursor_of(ben)
    public = await ann.mutate("createConversation", CREATE, title="Open", visibility="ORGANIZATION", **arguments)
    id_ = public["conversation"]["id"]
    await ann.mutate("updateConversation", CREATE, id=private, title="Still secret")
    await ann.mutate("deleteConversation", "{ deletedId }", id=id_)
    await ann.mutate("restore", "{ node { id } }", id=id_)
    # Ben is a member without rights to change it, and Ann's address is known to him as a fellow's.
    events = await events_of(app, ben, 3, start)
    assert [(event["action"], event["nodeId"]) for event in events] == [
        ("CREATED", id_),
        ("DELETED", id_),
        ("RESTORED", id_),
    ]
    assert [event["actor"] for event in events] == [{"email": "ann@example.com"}] * 3
    assert await silence(app, ben, events[-1]["cursor"])
    assert await silence(app, eve)
    # A cursor gives no rights: Ben's shows Eve nothing, and neither does one that names the organization.
    forged = b64encode(f"{decode_id(shared, Organization).hex}:0".encode()).decode()
    for cursor in (start, forged):
        assert await silence(app, eve, cursor)
    await ann.mutate("updateConversation", CREATE, id=private, visibility="ORGANIZATION")
    ((event),) = await events_of(app, ben, 1, events[-1]["cursor"])
    assert (event["action"], event["nodeId"]) == ("CHANGED", private)


async def test_who_leaves_an_organization_gets_nothing_more_and_who_joins_gets_the_rest(app: App) -> None:
    ann, ben = await app.person("ann"), await app.person("ben")
    shared = await app.organization(ann)
    start = await cursor_of(ben)
    await asyncio.sleep(0.002)  # ids of one millisecond are one moment
    world, publish = World(app.backend.database), app.backend.database.publish
    membership = await world.join(decode_id(shared, Organization), await app.viewer(ben))
    app.backend.database.publish = publish
    arguments = {"organizationId": shared, "visibility": "ORGANIZATION"}
    created = (await ann.mutate("createConversation", CREATE, **arguments))["conversation"]["id"]
    (event,) = await events_of(app, ben, 1, start)
    assert event["nodeId"] == created

    def leave(session: Session) -> None:
        session.get(Membership, membership).deleted_at = now()

    await app.backend.database.write(leave, SYSTEM)
    await ann.mutate("updateConversation", CREATE, id=created, title="Later")
    assert await silence(app, ben, event["cursor"])


async def test_a_follower_who_comes_and_goes_misses_nothing_and_gets_nothing_twice(app: App) -> None:
    """Writers of one organization commit at once, in another order than they begin."""
    ann = await app.person()
    shared = await app.organization(ann)
    viewer, organization_id = await app.viewer(ann), decode_id(shared, Organization)
    start, cursor = await cursor_of(ann), await cursor_of(ann)
    database = app.backend.database

    async def write(number: int) -> set[str]:
        new = NewConversation("offline", title=f"{number}", organization_id=organization_id if number % 3 else None)
        return {(await database.write(conversations.create, viewer, new)).id.hex for _ in range(6)}

    writers = [asyncio.create_task(write(number)) for number in range(8)]
    seen: list[str] = []
    while len(seen) < 48:
        for event in await events_of(app, ann, min(5, 48 - len(seen)), cursor):
            cursor = event["cursor"]
            seen.append(decode_id(event["nodeId"], Conversation).hex)
    written = set().union(*await asyncio.gather(*writers))
    assert sorted(seen) == sorted(written)
    assert await silence(app, ann, cursor)
    again = await events_of(app, ann, 48, start)
    assert {decode_id(event["nodeId"], Conversation).hex for event in again} == written


async def test_what_another_process_writes_is_found_without_its_event(
    app: App, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "IDLE_SECONDS", 0.1)
    ann = await app.person()
    viewer = await app.viewer(ann)
    publish, app.backend.database.publish = app.backend.database.publish, lambda _: None
    other = app.backend.database
    if database_url.startswith("postgresql"):
        other = database_at(database_url)
        await other.start()
    async with asyncio.timeout(10), aclosing(app.follow(ann, FOLLOW)) as events:
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.05)
        created = await other.write(conversations.create, viewer, NewConversation("offline"))
        assert decode_id((await waiting)["activity"]["nodeId"], Conversation) == created.id
    app.backend.database.publish = publish
    if other is not app.backend.database:
        await other.stop()


async def test_a_commit_wakes_its_followers_at_once(app: App) -> None:
    ann = await app.person()
    async with aclosing(app.follow(ann, FOLLOW)) as events:
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.05)
        await ann.mutate("createConversation", CREATE)
        event = (await asyncio.wait_for(waiting, 2))["activity"]
    assert (event["action"], event["actor"]) == ("CREATED", {"email": "ann@example.com"})


async def test_cursors_that_are_too_old_or_not_ours_are_refused(app: App) -> None:
    ann = await app.person()
    start = await cursor_of(ann)
    await ann.mutate("createConversation", CREATE)
    await ann.mutate("createConversation", CREATE)
    (first, _) = await events_of(app, ann, 2, start)

    def age(session: Session) -> None:
        oldest = activity.smallest_id(now() - activity.RETENTION - timedelta(minutes=1))
        statement = update(Activity).where(Activity.number == 1).values(id=oldest)
        session.execute(statement, execution_options=INSIDE)

    await app.backend.database.write(age, SYSTEM)
    assert await app.backend.database.write(purging.purge_batch, SYSTEM, 100, now()) < 100
    (left,) = await app.backend.database.read(count, SYSTEM)
    assert left.number == 1
    assert (await events_of(app, ann, 1, first["cursor"]))[0]["action"] == "CREATED"
    future = b64encode(f"{uuid4().hex}:99999".encode()).decode()
    assert not await silence(app, ann, future)  # an organization that one is no member of counts for nothing
    text = [
        b"x",
        b"1:2",
        f"{uuid4().hex}:-1".encode(),
        f"{uuid4().hex}:1e3".encode(),
        f"{uuid4().hex}".encode(),
        b"\xff",
    ]
    user_id = (await app.viewer(ann)).user_id
    (own,) = await app.backend.database.read(activity.organizations, SYSTEM, user_id=user_id)
    beyond = f"{own.id.hex}:99".encode()
    wrong = ["%", "é", "A" * 200_000, start, *(b64encode(raw).decode() for raw in (*text, beyond))]
    for cursor in wrong:
        with pytest.raises(Refused) as refused:
            await events_of(app, ann, 1, cursor)
        assert refused.value.codes == ["BAD_USER_INPUT"], cursor


async def test_a_page_of_activity_costs_the_same_statements_however_many_there_are(app: App) -> None:
    ann = await app.person()
    costs = []
    for number in (2, 30):
        start = await cursor_of(ann)
        for _ in range(number):
            await ann.mutate("createConversation", CREATE)
        app.reads.clear()
        await events_of(app, ann, number, start)
        costs.append(sum("activities" in sql or "memberships.created_at" in sql for sql in app.reads))
    assert costs[0] == costs[1]


async def test_only_the_owner_s_organization_counts_and_superusers_follow_their_own(
    database: Database, world: World
) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    shared = await world.organization(ann, [ben])
    new = NewConversation("offline", organization_id=shared, visibility=Visibility.PRIVATE)
    created: UUID = (await database.write(conversations.create, ann, new)).id
    rows = {}
    for viewer in (ann, ben):
        arguments = {"organization_id": shared, "after": 0, "until": 100}
        rows[viewer.user_id] = [row.subject_id for row in await database.read(activity.window, viewer, **arguments)]
    assert rows == {ann.user_id: [created], ben.user_id: []}
    (own,) = [
        row for row in await database.read(activity.organizations, SYSTEM, user_id=ben.user_id) if row.id != shared
    ]
    assert own.last_activity == 0
