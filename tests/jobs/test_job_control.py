"""Jobs as their owners see them: every kind is listed, canceled and retried, or refused with the way out."""

from typing import Any
from uuid import UUID

import pytest

from db.core.session import Session
from db.jobs import control, jobs, mail
from db.models.jobs import Job, JobStatus
from db.models.users import User
from resolvers.core.ids import decode, global_id
from tests.support.app import App, open_app
from tests.support.client import Client, Refused
from tests.support.databases.inspection import drop_cell_indexes
from tests.support.tables.exported_files import finished
from tests.support.world import SYSTEM

LIST = """query L($kind: JobKind, $status: JobStatus) { jobs(kind: $kind, status: $status) { totalCount nodes {
  id kind status subjectId attempts progress { done total } error { code message retryable }
  createdAt startedAt finishedAt } } }"""
JOB = "{ job { id kind status attempts error { code } } }"


def key(id_: str) -> UUID:
    decoded = decode(id_)
    assert decoded is not None
    return decoded[1]


async def listed(client: Client, **filters: Any) -> list[Any]:
    nodes: list[Any] = (await client.run(LIST, **filters))["jobs"]["nodes"]
    return nodes


async def end(app: App, id_: str, status: JobStatus) -> None:
    def unit(session: Session) -> None:
        job = session.get(Job, key(id_))
        if status is JobStatus.FAILED:
            jobs._end_in_error(session, job, "UPSTREAM_FAILED", "Away.", True)
        else:
            jobs.end(session, job, status)

    await app.backend.database.write(unit, SYSTEM)


async def test_every_kind_of_job_that_a_worker_runs_is_shown_and_controlled(app: App) -> None:
    handled = set(app.product.worker._lanes) | {"title"}
    assert handled - set(control.KINDS) == set()
    assert handled - set(control._controls) == set()


async def test_background_work_is_listed_by_kind_and_status_with_its_subject(app: App) -> None:
    ann, bob = await app.sign_up("ann"), await app.sign_up("bob")
    columns = [{"name": "Item", "type": "TEXT", "isIndexed": True}]
    table = (await ann.mutate("createTable", "{ table { id } }", name="Costs", columns=columns))["table"]["id"]
    export = await finished(ann, table, destination="CSV")
    sent = await ann.mutate("sendMessage", "{ reply { id } }", text="Hello", wait=True)
    by_kind = {job["kind"]: job for job in await listed(ann)}
    assert {kind: job["subjectId"] for kind, job in by_kind.items()} == {
        "EXPORT": export["id"],
        "INDEX": table,
        "REPLY": sent["reply"]["id"],
        "MAIL": None,
    }
    done = by_kind["EXPORT"]
    assert (done["status"], done["attempts"], done["progress"]) == ("COMPLETED", 1, {"done": 0, "total": 0})
    assert done["createdAt"] <= done["startedAt"] <= done["finishedAt"]
    mails = [job["kind"] for job in await listed(ann, kind="MAIL")]
    assert mails == ["MAIL", "MAIL"]  # the token of the sign-up, and the notice of the export
    assert await listed(ann, kind="WEBHOOK") == []
    assert [job["id"] for job in await listed(ann, kind="EXPORT", status="COMPLETED")] == [done["id"]]
    assert await listed(ann, kind="EXPORT", status="FAILED") == []
    assert {job["kind"] for job in await listed(bob)} == {"MAIL"}
    node = "query N($id: ID!) { node(id: $id) { ... on Job { status } } }"
    assert (await ann.run(node, id=done["id"]))["node"] == {"status": "COMPLETED"}
    assert (await bob.run(node, id=done["id"]))["node"] is None
    app.reads.clear()
    await listed(ann)
    assert len([sql for sql in app.reads if "leased_until <" not in sql]) == 3  # the session, the page, its length
    await drop_cell_indexes(app.backend.database)  # tests share the tables of a PostgreSQL database


async def test_jobs_are_canceled_and_retried_or_refused_with_the_way_out(database_url: str, tmp_path: Any) -> None:
    async with open_app(database_url, tmp_path) as app:
        await app.product.worker.stop()  # so that each job stays in its state
        ann, bob = await app.sign_up("ann"), await app.sign_up("bob")
        columns = [{"name": "Item", "type": "TEXT", "isIndexed": True}]
        table = (await ann.mutate("createTable", "{ table { id } }", name="Costs", columns=columns))["table"]["id"]
        export = (await ann.mutate("startExport", "{ export { id } }", tableId=table, destination="CSV"))["export"]
        sent = await ann.mutate("sendMessage", "{ conversation { id } reply { id } }", text="Hello")
        conversation = sent["conversation"]["id"]
        queued = {job["kind"]: job["id"] for job in await listed(ann)}
        await _is_canceled_and_retried(ann, bob, queued["EXPORT"])
        displayed = await ann.run("query E($id: ID!) { export(id: $id) { status } }", id=export["id"])
        assert displayed["export"]["status"] == "QUEUED"
        await _is_canceled_and_retried(ann, bob, queued["INDEX"])
        assert (await ann.mutate("cancelJob", JOB, id=queued["REPLY"]))["job"]["status"] == "CANCELED"
        message = await ann.run("query M($id: ID!) { message(id: $id) { status } }", id=sent["reply"]["id"])
        assert message["message"]["status"] == "STOPPED"
        await _is_refused(ann, "retryJob", queued["REPLY"], "regenerateReply")
        arguments = {"conversationId": conversation, "wait": False}
        extracted = await ann.mutate("extractTable", "{ proposal { id isComplete } }", **arguments)
        (job,) = await listed(ann, kind="EXTRACTION")
        assert job["subjectId"] == extracted["proposal"]["id"]
        assert (await ann.mutate("cancelJob", JOB, id=job["id"]))["job"]["status"] == "CANCELED"
        await _is_refused(ann, "retryJob", job["id"], "extractTable")
        await _is_refused(ann, "retryJob", queued["EXPORT"], "this one is QUEUED")
        await end(app, queued["EXPORT"], JobStatus.COMPLETED)
        await _is_refused(ann, "cancelJob", queued["EXPORT"], "this one is COMPLETED")
        await _mails(app, ann)


async def _is_canceled_and_retried(ann: Client, bob: Client, id_: str) -> None:
    for name in ("cancelJob", "retryJob"):
        with pytest.raises(Refused) as refused:
            await bob.mutate(name, JOB, id=id_)
        assert refused.value.codes == ["NOT_FOUND"]
    for _ in range(2):
        assert (await ann.mutate("cancelJob", JOB, id=id_))["job"]["status"] == "CANCELED"
    assert (await ann.mutate("retryJob", JOB, id=id_))["job"]["status"] == "QUEUED"


async def _is_refused(client: Client, name: str, id_: str, message: str) -> None:
    before = await listed(client)
    with pytest.raises(Refused, match=message) as refused:
        await client.mutate(name, JOB, id=id_)
    assert (refused.value.codes, await listed(client)) == (["CONFLICT"], before)


async def _mails(app: App, ann: Client) -> None:
    """A mail with a link loses it at its end, and cannot be sent again; another can."""
    viewer = await app.viewer(ann)
    assert viewer.user_id is not None

    def unit(session: Session, user_id: UUID, arguments: dict[str, str]) -> UUID:
        return mail.enqueue(session, session.get(User, user_id), "verify_email", **arguments).id

    cases: list[tuple[dict[str, str], str | None]] = [({"token": "secret"}, "Request a new mail"), ({}, None)]
    for arguments, message in cases:
        id_ = global_id(Job, await app.backend.database.write(unit, SYSTEM, viewer.user_id, arguments))
        assert (await ann.mutate("cancelJob", JOB, id=id_))["job"]["status"] == "CANCELED"
        if message:
            await _is_refused(ann, "retryJob", id_, message)
        else:
            assert (await ann.mutate("retryJob", JOB, id=id_))["job"]["status"] == "QUEUED"
