"""Webhooks through the API: events are signed, delivered, repeated and replayed, and never sent into the network."""

import asyncio
import json
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.core.base import now
from db.core.session import Session
from db.models.jobs import Job, JobStatus
from db.models.tables import Table
from db.webhooks import events
from db.webhooks.webhooks import PAUSES
from integrations.webhooks import AddressRefused, PublicRequests, is_public
from resolvers.core.ids import global_id
from tests.reports.client import create_report, finished_report
from tests.support.app import App, open_app
from tests.support.client import Client, Refused
from tests.support.loopback.webhook_receiver import receiving, verify
from tests.support.processes.waiting import until
from tests.support.tables.exported_files import finished
from tests.support.world import SYSTEM

CREATED = "{ webhook { id url events isActive table { name } organization { isPersonal } } secret }"
DELIVERIES = """{ webhooks { nodes { id deliveries { totalCount nodes {
  id event status attempts responseStatus at payload } } } } }"""
COLUMNS = [{"name": "Item", "type": "TEXT"}]


async def table(client: Client, **options: Any) -> str:
    created = await client.mutate("createTable", "{ table { id } }", name="Costs", columns=COLUMNS, **options)
    return str(created["table"]["id"])


async def deliveries(client: Client) -> list[Any]:
    nodes: list[Any] = (await client.run(DELIVERIES))["webhooks"]["nodes"][0]["deliveries"]["nodes"]
    return nodes


async def ended(client: Client, count: int) -> list[Any] | None:
    result = await deliveries(client)
    is_over = all(each["status"] not in {"QUEUED", "RUNNING"} for each in result)
    return result if len(result) >= count and is_over else None


async def test_events_of_a_table_arrive_signed(private_app: App) -> None:
    ann = await private_app.person()
    costs = await table(ann)
    async with receiving() as receiver:
        chosen = {"events": ["TABLE_CHANGED", "EXPORT_FINISHED"], "tableId": costs}
        created = await ann.mutate("createWebhook", CREATED, url=receiver.url, idempotencyKey="k", **chosen)
        again = await ann.mutate("createWebhook", CREATED, url=receiver.url, idempotencyKey="k", **chosen)
        assert created == again
        assert created["webhook"] | {"id": None} == {
            "id": None, "url": receiver.url, "events": chosen["events"], "isActive": True, "table": {"name": "Costs"},
            "organization": {"isPersonal": True},
        }  # fmt: skip
        await table(ann)  # of another table nothing is told
        await ann.mutate("addRows", "{ rows { id } }", tableId=costs, rows=[{"Item": "Tea"}])
        export = await finished(ann, costs, destination="CSV")
        result = await until(lambda: ended(ann, 2))
    assert [(each["event"], each["status"], each["attempts"], each["responseStatus"]) for each in result] == [
        ("EXPORT_FINISHED", "COMPLETED", 1, 200),
        ("TABLE_CHANGED", "COMPLETED", 1, 200),
    ]
    sent = {json.loads(body)["type"]: (headers, body) for headers, body in receiver.requests}
    for headers, body in receiver.requests:
        assert verify(created["secret"], headers, body)
        assert not verify(created["secret"], headers, body + b" ")
        assert (headers["content-type"], headers["webhook-id"][:4]) == ("application/json", "msg_")
    assert json.loads(sent["table.changed"][1])["data"] == {"tableId": costs, "revision": 2}
    body = json.loads(sent["export.finished"][1])
    assert body == result[0]["payload"]
    assert body["data"] == {"exportId": export["id"], "status": "COMPLETED"}
    jobs = await ann.run("{ jobs(kind: WEBHOOK) { nodes { kind subjectId status } } }")
    assert [job["subjectId"] for job in jobs["jobs"]["nodes"]] == [each["id"] for each in result]


async def test_replies_and_proposals_of_an_organization_are_told_to_those_who_may_see_them(private_app: App) -> None:
    ann, bob = await private_app.person("ann"), await private_app.person("bob")
    works = await private_app.organization(ann, bob)
    async with receiving() as for_ann, receiving() as for_bob:
        for client, receiver in ((ann, for_ann), (bob, for_bob)):
            arguments = {"url": receiver.url, "events": ["REPLY_ENDED", "PROPOSAL_READY", "TABLE_CHANGED"]}
            await client.mutate("createWebhook", CREATED, organizationId=works, **arguments)
        created = await bob.mutate(
            "createConversation", "{ conversation { id } }", organizationId=works, extraction="REVIEW"
        )
        id_ = created["conversation"]["id"]
        text = "Item,Price\nTea,3.20\nMilk,1.10"
        await bob.mutate("sendMessage", "{ reply { id } }", conversationId=id_, text=text, wait=True)
        await table(ann, organizationId=works)  # private: bob is told nothing of it
        for client in (ann, bob):
            await until(partial(ended, client, 2))
        await until(lambda: len(for_ann.requests) >= 3)
    messages = [sorted(json.loads(body)["type"] for _, body in each.requests) for each in (for_ann, for_bob)]
    assert messages == [["proposal.ready", "reply.ended", "table.changed"], ["proposal.ready", "reply.ended"]]


async def test_a_failed_delivery_is_repeated_for_a_day_and_can_be_replayed(private_app: App) -> None:
    ann = await private_app.person()
    costs = await table(ann)
    assert timedelta(hours=23) < sum(PAUSES, timedelta()) < timedelta(hours=25)
    async with receiving("302 Found\r\nlocation: http://127.0.0.1:1/", "500 Oops", "200 OK") as receiver:
        created = await ann.mutate("createWebhook", CREATED, url=receiver.url, events=["TABLE_CHANGED"], tableId=costs)
        await ann.mutate("addRows", "{ rows { id } }", tableId=costs, rows=[{"Item": "Tea"}])
        for attempt, status in enumerate((302, 500), 1):
            (result,) = await until(partial(put_off, ann, attempt, status))
            pause = await until(lambda: hurry(private_app))
            assert pause.total_seconds() == pytest.approx(PAUSES[attempt - 1].total_seconds(), rel=0.15, abs=3)
        (result,) = await until(lambda: ended(ann, 1))
        assert (result["status"], result["attempts"], result["responseStatus"]) == ("COMPLETED", 3, 200)
        replayed = await ann.mutate("replayDelivery", "{ delivery { id status } }", id=result["id"])
        assert replayed["delivery"]["id"] == result["id"]
        assert replayed["delivery"]["status"] in {"QUEUED", "RUNNING"}  # a worker may have taken it already
        await until(lambda: ended(ann, 1))
        assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1
        assert len(receiver.requests) == 4
        await ann.mutate("deleteWebhook", "{ deletedId }", id=created["webhook"]["id"])
        await ann.mutate("addRows", "{ rows { id } }", tableId=costs, rows=[{"Item": "Milk"}])
        assert (await ann.run(DELIVERIES))["webhooks"]["nodes"] == []
        jobs = await ann.run("{ jobs(kind: WEBHOOK) { totalCount } }")
        assert (jobs["jobs"]["totalCount"], len(receiver.requests)) == (1, 4)


async def test_a_ready_report_is_told_to_those_who_may_see_it_and_by_their_table(private_app: App) -> None:
    ann, ben = await private_app.person("ann"), await private_app.person("ben")
    works = await private_app.organization(ann, ben)
    costs, other = await table(ann, organizationId=works), await table(ann, organizationId=works)
    chosen = {"events": ["REPORT_READY"], "organizationId": works}
    async with receiving() as receiver, receiving() as bens, receiving() as elsewhere:
        hook = await ann.mutate("createWebhook", CREATED, url=receiver.url, **chosen)
        await ben.mutate("createWebhook", CREATED, url=bens.url, **chosen)
        await ann.mutate("createWebhook", CREATED, url=elsewhere.url, events=["REPORT_READY"], tableId=other)
        summary = await create_report(ann, works, "TABLE_SUMMARY", tableId=costs)
        await finished_report(ann, summary)
        usage = await create_report(ann, works)
        await finished_report(ann, usage)
        await until(lambda: len(receiver.requests) == 2)
        bodies = {body["data"]["reportId"]: body for _, text in receiver.requests for body in [json.loads(text)]}
        assert all(verify(hook["secret"], headers, text) for headers, text in receiver.requests)
        await until(lambda: all_delivered(private_app))
    assert {id_: (body["type"], body["data"]["kind"]) for id_, body in bodies.items()} == {
        summary: ("report.ready", "TABLE_SUMMARY"),
        usage: ("report.ready", "USAGE"),
    }
    # A private report of Ann is not Ben's to hear of, and the other table has none.
    assert (len(bens.requests), len(elsewhere.requests)) == (0, 0)


async def all_delivered(app: App) -> bool:
    waiting = select(Job.id).where(Job.kind == "webhook", Job.finished_at.is_(None))
    return await app.backend.database.write(lambda session: session.scalars(waiting).all(), SYSTEM) == []


async def put_off(client: Client, attempts: int, status: int) -> list[Any] | None:
    (result,) = await deliveries(client)
    return [result] if (result["attempts"], result["responseStatus"]) == (attempts, status) else None


async def hurry(app: App) -> timedelta | None:
    """Make the delivery that waits due, and return for how long it would have waited."""

    def unit(session: Session) -> timedelta | None:
        job = session.scalars(select(Job).where(Job.kind == "webhook").with_for_update()).one()
        if job.status is not JobStatus.QUEUED or job.leased_until is None:
            return None
        pause, job.leased_until = job.leased_until - now(), now()
        return pause

    pause: timedelta | None = await app.backend.database.write(unit, SYSTEM)
    return pause


async def test_changes_that_follow_closely_are_told_as_one(database_url: str, tmp_path: Path) -> None:
    async with open_app(database_url, tmp_path, webhook_allow_private=True) as app:
        await app.product.worker.stop()
        ann = await app.person()
        costs = await table(ann)
        await ann.mutate("createWebhook", CREATED, url="http://127.0.0.1:9/", events=["TABLE_CHANGED"], tableId=costs)
        for n in range(3):
            await ann.mutate("addRows", "{ rows { id } }", tableId=costs, rows=[{"Item": f"Tea {n}"}])
        (result,) = await deliveries(ann)
        assert result["payload"]["data"] == {"tableId": costs, "revision": 4}


REFUSED = [
    "http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://0177.0.0.1/", "http://0x7f.1/",
    "http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://10.1.2.3/",
    "http://192.168.0.1/", "http://172.16.0.1/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/",
    "http://0.0.0.0/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/",
    "ftp://example.com/", "https:///x", "https://user:pass@8.8.8.8/", "https://8.8.8.8/#x", "https://8.8.8.8/\r\nx: y",
    "https://8.8.8.8/ x", "http://8.8.8.8:99999/", "javascript:alert(1)", "//8.8.8.8/", "https://8.8.8.8\\@10.0.0.1/",
    f"https://8.8.8.8/{'x' * 2_000}", "https://no-such-host.invalid/",
]  # fmt: skip


async def test_an_address_inside_the_network_is_refused_and_nothing_is_stored(app: App) -> None:
    ann = await app.person()
    for url in REFUSED:
        with pytest.raises(Refused) as refused:
            await ann.mutate("createWebhook", CREATED, url=url, events=["REPLY_ENDED"])
        assert refused.value.codes == ["BAD_USER_INPUT"], url
        assert refused.value.errors[0]["extensions"]["fieldErrors"][0]["field"] == "url", url
    assert (await ann.run("{ webhooks { totalCount } }"))["webhooks"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("::ffff:127.0.0.1", False),
        ("::", False),
        ("192.0.0.192", False),
        ("192.0.1.1", True),
        ("168.63.129.16", False),
        ("fec0::1", False),
        ("::ffff:168.63.129.16", False),
    ],
)
def test_an_address_is_public_or_not(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


async def test_a_name_that_changes_its_address_is_refused_when_the_connection_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter(["8.8.8.8", "127.0.0.1"])

    async def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", (next(answers), port))]

    requests = PublicRequests()
    async with receiving() as receiver:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
        url = f"http://rebinding.example:{receiver.port}/"
        await requests.check(url)
        with pytest.raises(AddressRefused, match="leads to a private or reserved address"):
            await requests.post(url, {}, b"{}")
    assert receiver.requests == []


def test_ids_in_payloads_are_those_of_the_api() -> None:
    id_ = UUID(int=7)
    assert events.global_id(Table, id_) == global_id(Table, id_)
