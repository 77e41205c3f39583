"""Audit log: one entry for each mutation that changes something, none for others, and no secrets."""

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import GraphQLInputObjectType, get_named_type
from sqlalchemy import select

from auth.viewer import Viewer
from db.core.base import now
from db.core.prepared import Prepared
from db.core.session import Session
from db.models.audit import AuditEntry
from db.models.exports import Export
from db.models.jobs import Job, JobStatus
from db.models.proposals import Proposal, ProposalStatus
from db.models.tables import Table
from db.models.webhooks import Delivery, Webhook
from errors import Forbidden
from resolvers.core.ids import global_id
from schema import schema
from tests.audit.mutations import CALLS, OTHER, PASSWORD, Call, Story
from tests.reports.client import finished_report
from tests.support.app import OFTEN, App, open_app
from tests.support.browser_at_google import Browser, code_on
from tests.support.client import Client, Refused
from tests.support.loopback.openid import loopback_openid
from tests.support.loopback.openid_browser import ProviderBrowser, code_in
from tests.support.loopback.sheets import loopback_sheets
from tests.support.superusers import sign_up_superuser
from tests.support.world import SYSTEM

mutation = schema._schema.mutation_type
assert mutation is not None
FIELDS = mutation.fields
BY_JOBS = {"purge", "reply", "export", "extraction", "system"}
TOGETHER = 20  # with one key, each on a connection of its own
UNREFUSED = {
    "disconnectGoogle",
    "logOut",
    "logOutEverywhere",
    "markNotificationsRead",
    "requestEmailVerification",
    "requestPasswordReset",
}

newest: Prepared[AuditEntry] = Prepared(select(AuditEntry).order_by(AuditEntry.id))
letters: Prepared[Job] = Prepared(select(Job).where(Job.kind == "mail").order_by(Job.id.desc()))


def test_every_mutation_has_a_row() -> None:
    assert set(CALLS) == set(FIELDS), "add how to call it, and what it leaves, to tests/audit/mutations.py"


def accepts_key(name: str) -> bool:
    kinds = [get_named_type(argument.type) for argument in FIELDS[name].args.values()]
    return any(isinstance(kind, GraphQLInputObjectType) and "idempotencyKey" in kind.fields for kind in kinds)


def describe(entry: AuditEntry) -> str:
    """Describe an entry in the notation of tests/audit/mutations.py."""
    displayed: dict[str, Any] = {**(entry.before or {}), **(entry.after or {})}
    plain = sorted(name for name, value in displayed.items() if not isinstance(value, dict))
    counted = sorted(
        f"{name}.{verb}={number}"
        for name, verbs in displayed.items()
        if isinstance(verbs, dict)
        for verb, number in verbs.items()
    )
    is_new = entry.before is None and bool(plain)
    sign = "+" if is_new else "-" if entry.after is None else "~"
    return " ".join([entry.subject_type, sign, *plain, *counted])


class AuditLog:
    """Audit log of a site, with the entries since the last call and without those of jobs."""

    def __init__(self, app: App) -> None:
        self._site, self._seen = app, set[UUID]()

    async def new_entries(self) -> list[AuditEntry]:
        new = [entry for entry in await self.all() if entry.id not in self._seen]
        self._seen |= {entry.id for entry in new}
        return [entry for entry in new if entry.action not in BY_JOBS]

    async def all(self) -> list[AuditEntry]:
        return await self._site.backend.database.read(newest, SYSTEM)


class MutationCaller:
    """Caller of every mutation of the table, in its order."""

    def __init__(self, app: App, people: dict[str, Client]) -> None:
        self.app, self.log, self.tokens = app, AuditLog(app), [PASSWORD, OTHER, "$argon2"]
        self.story = Story(people, self.letter)

    async def letter(self, template: str, to: str) -> str:
        """Return the token in the newest mail of a template to an address."""
        jobs = await self.app.backend.database.read(letters, SYSTEM)
        job = next(j for j in jobs if (j.arguments["template"], j.arguments["to"]) == (template, to))
        async with asyncio.timeout(10):
            while not (result := [*self.app.backend.settings.mail_dir.glob(f"*-{job.id.hex}.eml")]):
                await asyncio.sleep(0.02)
        (token,) = re.findall(r"^    (\S{43})\s*$", result[0].read_text(encoding="utf-8"), re.MULTILINE)
        self.tokens.append(token)
        return str(token)

    async def call(self, name: str) -> None:
        """Call a mutation refused, then accepted; with an idempotency key several times at once with the same key."""
        call = CALLS[name]
        await self._prepare(name)
        if name == "cancelReport":
            await finished_report(self.story.people["ann"], self.story["report"])
        await self.log.new_entries()
        arguments = dict(call.give(self.story)) | ({"idempotencyKey": f"{name} once"} if accepts_key(name) else {})
        if call.token:
            arguments["token"] = await self.letter(*call.token)
        if name not in UNREFUSED or call.bad:
            await self._refused(name, call, arguments)
        times = TOGETHER if "idempotencyKey" in arguments else 1
        payload, *others = await asyncio.gather(*(self._done(name, call, arguments) for _ in range(times)))
        assert others == [payload] * (times - 1), name
        entries = await self.log.new_entries()
        assert sorted(map(describe, entries)) == sorted([*call.entries, *call.again * (times - 1)]), name
        assert {(entry.action, entry.ip_address) for entry in entries} <= {(name, "127.0.0.1")}
        assert len({entry.request_id for entry in entries}) == (times if call.again else min(1, len(entries))), name
        if call.keep:
            call.keep(self.story, payload)

    async def _done(self, name: str, call: Call, arguments: dict[str, Any]) -> Any:
        client = self.story.people[call.who]
        if FIELDS[name].args:
            return await client.mutate(name, call.selection, **arguments)
        return (await client.run(f"mutation {{ {name} {call.selection} }}"))[name]

    async def _refused(self, name: str, call: Call, arguments: dict[str, Any]) -> None:
        client = self.story.people[call.who if call.bad else "eve"]
        wrong = {key: value for key, value in arguments.items() if key != "idempotencyKey"} | dict(call.bad or {})
        try:
            await client.mutate(name, "{ __typename }", **wrong)
        except Refused:
            pass
        else:
            assert name == "requestPasswordReset", f"{name} was not refused"
        assert [describe(entry) for entry in await self.log.new_entries()] == [], name

    async def _prepare(self, name: str) -> None:
        ann, story = self.story.people["ann"], self.story
        if name in ("changePassword", "revokeSession"):
            password = PASSWORD if name == "changePassword" else OTHER
            await self.app.client().mutate("logIn", "{ __typename }", email="ann@example.com", password=password)
        if name == "revokeSession":
            listed = (await ann.run("{ me { sessions { id isCurrent } } }"))["me"]["sessions"]
            (story.ids["session"],) = [one["id"] for one in listed if not one["isCurrent"]]
        if name == "withdrawInvitation":
            await ann.mutate("inviteMember", "{ email }", organizationId=story["works"], email="new@example.com")
        if name == "confirmGoogle":
            another = Browser(ann)
            url = await another.consent(await Browser(ann).begin())
            story.ids["google_code"] = code_on(await another.come_back(url))
            self.tokens += [story.ids["google_code"].replace("-", ""), url.params["code"], url.params["state"]]
        if name == "exchangeSignInCode":
            story.ids["sign_in_code"] = code_in(await ProviderBrowser(self.app.client()).sign_in())
            self.tokens.append(story["sign_in_code"])
        if name == "rejectProposal":
            story.ids["pending"] = global_id(Proposal, await self._pending())
        if name == "cancelExport":
            story.ids["queued"] = global_id(Export, await self._queued())
        if name == "replayDelivery":
            story.ids["delivery"] = global_id(Delivery, await self._delivery())
        if name == "cancelJob":
            story.ids["queued_job"] = global_id(Job, await self._leased())

    async def _pending(self) -> Any:
        """Add a pending proposal to the conversation."""

        def unit(session: Session) -> Any:
            before = session.scalars(select(Proposal)).one()
            same = {name: getattr(before, name) for name in ("conversation_id", "message_id", "table_name", "columns")}
            proposal = Proposal(**same, changes=before.changes, status=ProposalStatus.PENDING)
            session.add(proposal)
            return proposal.id

        return await self.app.backend.database.write(unit, SYSTEM)

    async def _delivery(self) -> Any:
        """Add a webhook, and a delivery of a job that another worker seems to hold."""

        def unit(session: Session) -> Any:
            table = session.scalars(select(Table)).first()
            assert table is not None
            same = {"organization_id": table.organization_id, "owner_id": table.owner_id}
            webhook = Webhook(url="http://8.8.8.8:9/", events=["REPORT_READY"], **same)
            job = Job(kind="nobody's", arguments={}, **same)
            delivery = Delivery(webhook_id=webhook.id, job_id=job.id, event="REPORT_READY", payload={})
            delivery.subject_id = table.id
            session.add_all([webhook, job, delivery])
            return delivery.id

        return await self.app.backend.database.write(unit, SYSTEM)

    async def _leased(self) -> Any:
        """Add a job that another worker seems to hold."""

        def unit(session: Session) -> Any:
            done = session.scalars(select(Export)).one()
            job = Job(kind="broadcast", arguments={"title": "Hello"}, leased_until=now() + timedelta(hours=1))
            job.organization_id, job.owner_id = done.organization_id, done.owner_id
            session.add(job)
            return job.id

        return await self.app.backend.database.write(unit, SYSTEM)

    async def _queued(self) -> Any:
        """Add an export that no worker claims."""

        def unit(session: Session) -> Any:
            done = session.scalars(select(Export)).one()
            same = {name: getattr(done, name) for name in ("organization_id", "owner_id")}
            job = Job(kind="nobody's", arguments={}, status=JobStatus.QUEUED, **same)
            export = Export(table_id=done.table_id, destination=done.destination, job_id=job.id, **same)
            session.add_all([job, export])
            return export.id

        return await self.app.backend.database.write(unit, SYSTEM)


async def test_every_mutation_logs_its_changes_once_and_no_secret(database_url: str, tmp_path: Path) -> None:
    # Twenty sign-ups of one address are more than one account may try.
    with loopback_sheets() as google, loopback_openid() as provider:
        provider.person["email"] = "dora@example.com"
        settings = {"oidc_providers": json.dumps([provider.config()]), **google.oauth_settings()}
        async with open_app(database_url, tmp_path, sign_up_limit_account=OFTEN, **settings) as app:
            await check_every_mutation(app)


async def check_every_mutation(app: App) -> None:
    people = {name: await app.sign_up(name) for name in ("ann", "bob", "dan", "eve")}
    telling = MutationCaller(app, people | {"root": await sign_up_superuser(app, "root"), "nobody": app.client()})
    telling.story.ids["bob"] = (await people["bob"].run("{ me { id } }"))["me"]["id"]
    for name in CALLS:
        await telling.call(name)
    entries = await telling.log.all()
    everything = json.dumps([[entry.before, entry.after] for entry in entries])
    stored = [*telling.tokens, *telling.story["tokens"].values()]
    assert [secret for secret in stored if secret in everything] == []
    assert {describe(entry) for entry in entries if entry.action == "reply"} == {
        "Conversation ~ messages.changed=1",
        "Proposal + conversation_id message_id status table_name",
    }
    assert {describe(entry) for entry in entries if entry.action == "export"} == {"Export ~ revision row_count"}
    mine = [entry for entry in entries if entry.action == "updateSite"]
    assert [(entry.before, entry.after) for entry in mine] == [
        ({"name": "North", "address": None}, {"name": "South", "address": "1 Road"})
    ]


async def test_an_entry_can_neither_be_changed_nor_deleted_nor_forged(app: App) -> None:
    ann = await app.viewer(await app.person())
    (first, *_), database = await app.backend.database.read(newest, SYSTEM), app.backend.database

    def change(session: Session) -> None:
        session.get(AuditEntry, first.id).action = "nothing"

    def delete(session: Session) -> None:
        session.delete(session.get(AuditEntry, first.id))

    def forge(session: Session) -> None:
        session.add(AuditEntry(subject_type="User", subject_id=uuid4(), action="x"))

    before = await database.read(newest, SYSTEM)
    for viewer in (SYSTEM, Viewer(ann.user_id, is_superuser=True)):
        for unit in (change, forge):
            with pytest.raises(Forbidden, match="audit log cannot be written"):
                await database.write(unit, viewer)
        with pytest.raises(RuntimeError, match="deleted_at"):
            await database.write(delete, viewer)
    assert await database.read(newest, SYSTEM) == before


LISTED = """query L($organizationId: ID, $actorId: ID, $subjectId: ID, $action: String, $first: Int) {
  auditLog(organizationId: $organizationId, actorId: $actorId, subjectId: $subjectId, action: $action, first: $first) {
    totalCount nodes { id at action subjectId ipAddress requestId before after
      actor { email } organization { id } } } }"""


async def listed(client: Client, **arguments: Any) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = (await client.run(LISTED, **arguments))["auditLog"]["nodes"]
    return nodes


async def test_only_admins_read_the_audit_log_of_their_organizations(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    root = await sign_up_superuser(app, "root")
    shared = await app.organization(ann, bob)
    created = (await ann.mutate("createSite", "{ site { id } }", organizationId=shared, name="North"))["site"]["id"]
    await ann.mutate("updateSite", "{ __typename }", id=created, name="South")
    (entry,) = await listed(ann, action="updateSite")
    assert entry | {"id": "", "at": "", "requestId": ""} == {
        "id": "", "at": "", "requestId": "", "action": "updateSite", "subjectId": created, "ipAddress": "127.0.0.1",
        "before": {"name": "North"}, "after": {"name": "South"}, "actor": {"email": "ann@example.com"},
        "organization": {"id": shared},
    }  # fmt: skip
    assert entry["requestId"]
    (creation,) = await listed(ann, subjectId=created, action="createSite")
    assert (creation["before"], creation["after"]) == (None, {"name": "North", "organizationId": shared})
    actor = (await ann.run("{ me { id } }"))["me"]["id"]
    assert [one["action"] for one in await listed(root, actorId=actor, organizationId=shared)] == [
        "updateSite", "createSite"
    ]  # fmt: skip
    fetch = "query N($id: ID!) { node(id: $id) { ... on AuditEntry { action } } }"
    assert await root.run(fetch, id=entry["id"]) == {"node": {"action": "updateSite"}}
    for stranger in (bob, eve):
        assert await listed(stranger, organizationId=shared) == await listed(stranger, action="updateSite") == []
        assert await stranger.run(fetch, id=entry["id"]) == {"node": None}
    with pytest.raises(Refused) as caught:
        await listed(app.client())
    assert caught.value.codes == ["UNAUTHENTICATED"]
    for wrong in ({"organizationId": created}, {"subjectId": "x"}, {"actorId": shared}):
        with pytest.raises(Refused) as caught:
            await listed(ann, **wrong)
        assert caught.value.codes == ["NOT_FOUND"], wrong


async def test_a_page_costs_the_same_for_one_entry_as_for_many(app: App) -> None:
    ann = await app.person()
    for n in range(12):
        await ann.mutate("createItem", "{ __typename }", title=f"Item {n}")
    costs = []
    for first in (1, 10):
        app.reads.clear()
        assert len(await listed(ann, first=first, action="createItem")) == first
        costs.append(len(app.reads))
    assert costs[0] == costs[1]


async def test_five_thousand_rows_are_one_entry(app: App) -> None:
    ann = await app.person()
    columns = [{"name": "Part", "type": "TEXT"}]
    table = (await ann.mutate("createTable", "{ table { id } }", name="Parts", columns=columns))["table"]["id"]
    await ann.mutate("addRows", "{ __typename }", tableId=table, rows=[{"Part": "nut"}] * 5_000)
    (entry,) = await listed(ann, action="addRows")
    assert (entry["before"], entry["after"]) == ({"revision": 1}, {"revision": 2, "rows": {"added": 5000}})
