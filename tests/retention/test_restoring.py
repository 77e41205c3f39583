"""Deleted objects: visible to, and restored by, users with the right to change them, and no one else."""

import sqlite3
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from auth.viewer import Viewer
from db.conversations import conversations
from db.sites import items, modules, sites
from db.tables import tables
from tests.support.app import App
from tests.support.client import Client
from tests.support.databases.query_plans import TABLE_SCAN, variants
from tests.support.sites import create_module, create_site, own_id

DELETED = """query D($site: ID!, $organization: ID!) {
  items(includeDeleted: true) { totalCount nodes { id deletedAt isActive } }
  tables(includeDeleted: true) { totalCount nodes { id deletedAt isActive } }
  site(id: $site) { modules(includeDeleted: true) { totalCount nodes { id deletedAt isActive } } }
  organization(id: $organization) { sites(includeDeleted: true) { totalCount nodes { id deletedAt isActive } } } }"""
DELETES = {"item": "deleteItem", "table": "deleteTable", "module": "deleteModule", "site": "deleteSite"}


class Things:
    """One of each in an organization, shared with its members, who are assigned to the site that stays."""

    def __init__(self, organization: str, stored: str, ids: dict[str, str]) -> None:
        self.organization, self.kept, self.ids = organization, stored, ids

    @classmethod
    async def of(cls, app: App, admin: Client, *members: Client) -> "Things":
        organization = await app.organization(admin, *members)
        shared = {"organizationId": organization, "visibility": "ORGANIZATION"}
        stored, gone = await create_site(admin, organization, "Kept"), await create_site(admin, organization, "Gone")
        item = await admin.mutate("createItem", "{ item { id } }", title="Call", **shared)
        columns = [{"name": "A", "type": "TEXT"}]
        table = await admin.mutate("createTable", "{ table { id } }", name="Costs", columns=columns, **shared)
        for member in members:
            for position in (stored, gone):
                await admin.mutate("assignSite", "{ site { id } }", siteId=position, userId=await own_id(member))
        ids = {
            "item": item["item"]["id"],
            "table": table["table"]["id"],
            "module": await create_module(admin, stored),
            "site": gone,
        }
        return cls(organization, stored, ids)

    async def delete(self, admin: Client) -> None:
        for kind, name in DELETES.items():
            assert await admin.mutate(name, "{ deletedId }", id=self.ids[kind]) == {"deletedId": self.ids[kind]}

    async def deleted(self, client: Client) -> dict[str, bool]:
        """Return the objects in lists that include deleted ones, each with True if it is deleted."""
        seen = await client.run(DELETED, site=self.kept, organization=self.organization)
        pages: list[Any] = [
            seen["items"],
            seen["tables"],
            (seen["site"] or {}).get("modules", {"nodes": [], "totalCount": 0}),
            (seen["organization"] or {}).get("sites", {"nodes": [], "totalCount": 0}),
        ]
        assert all(page["totalCount"] == len(page["nodes"]) for page in pages)
        nodes = [node for page in pages for node in page["nodes"] if node["id"] != self.kept]
        assert all((node["deletedAt"] is None) == node["isActive"] for node in nodes)
        kinds = {id_: kind for kind, id_ in self.ids.items()}
        return {kinds[node["id"]]: not node["isActive"] for node in nodes}


ALL, NONE = dict.fromkeys(DELETES, True), dict.fromkeys(DELETES, False)


async def test_who_may_change_it_sees_what_was_deleted_and_brings_it_back(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    things = await Things.of(app, ann, bob)
    assert await things.deleted(ann) == await things.deleted(bob) == NONE
    await things.delete(ann)
    assert await things.deleted(ann) == ALL
    assert await things.deleted(bob) == await things.deleted(eve) == {}
    usual = DELETED.replace("(includeDeleted: true)", "")
    seen = await ann.run(usual, site=things.kept, organization=things.organization)
    assert (seen["items"]["nodes"], seen["tables"]["nodes"], seen["site"]["modules"]["nodes"]) == ([], [], [])
    for kind, id_ in things.ids.items():
        for somebody, code in ((bob, "NOT_FOUND"), (eve, "NOT_FOUND"), (app.client(), "UNAUTHENTICATED")):
            assert (await somebody.refused("restore", id=id_))["extensions"]["code"] == code, kind
        assert (await ann.run("query N($id: ID!) { node(id: $id) { id } }", id=id_))["node"] is None
    assert await things.deleted(ann) == ALL
    for kind, id_ in things.ids.items():
        selection = "{ node { __typename id ... on Audited { deletedAt isActive updatedBy { email } } } }"
        assert (await ann.mutate("restore", selection, id=id_))["node"] == {
            "__typename": kind.title(),
            "id": id_,
            "deletedAt": None,
            "isActive": True,
            "updatedBy": {"email": "ann@example.com"},
        }
    assert await things.deleted(bob) == await things.deleted(ann) == NONE


async def test_owners_bring_back_their_own(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await app.organization(ann, bob)
    own = await bob.mutate("createItem", "{ item { id } }", title="Mine", organizationId=works)
    await bob.mutate("deleteItem", "{ deletedId }", id=own["item"]["id"])
    listed = "{ items(includeDeleted: true) { nodes { title isActive } } }"
    for somebody in (ann, bob):
        assert (await somebody.run(listed))["items"]["nodes"] == [{"title": "Mine", "isActive": False}]
    await bob.mutate("restore", "{ node { id } }", id=own["item"]["id"])
    assert (await bob.run("{ items { nodes { title } } }"))["items"]["nodes"] == [{"title": "Mine"}]


async def test_what_was_not_deleted_is_not_brought_back(app: App) -> None:
    ann = await app.person("ann")
    things = await Things.of(app, ann)
    own = await own_id(ann)
    for id_ in (*things.ids.values(), own, "nothing", ""):
        assert (await ann.refused("restore", id=id_))["extensions"]["code"] == "NOT_FOUND"
    assert await things.deleted(ann) == NONE


async def test_a_module_waits_for_its_site(app: App) -> None:
    ann = await app.person("ann")
    works = await app.organization(ann)
    depot = await create_site(ann, works)
    pump, other = await create_module(ann, depot), await create_module(ann, depot, "Pump 2")
    await ann.mutate("deleteModule", "{ deletedId }", id=pump)
    await ann.mutate("deleteSite", "{ deletedId }", id=depot)
    for id_ in (pump, other):
        assert (await ann.refused("restore", id=id_))["extensions"]["code"] == "NOT_FOUND"
    await ann.mutate("restore", "{ node { id } }", id=depot)
    listed = "query S($id: ID!) { site(id: $id) { modules { nodes { name } } } }"
    assert (await ann.run(listed, id=depot))["site"]["modules"]["nodes"] == [{"name": "Pump 2"}]
    await ann.mutate("restore", "{ node { id } }", id=pump)
    assert (await ann.run(listed, id=depot))["site"]["modules"]["nodes"] == [{"name": "Pump 1"}, {"name": "Pump 2"}]


async def test_a_former_member_brings_nothing_back(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await app.organization(ann, bob)
    own = await bob.mutate("createItem", "{ item { id } }", title="Mine", organizationId=works)
    await bob.mutate("deleteItem", "{ deletedId }", id=own["item"]["id"])
    places = await bob.run("{ me { memberships { nodes { id organization { id } } } } }")
    (membership,) = [p["id"] for p in places["me"]["memberships"]["nodes"] if p["organization"]["id"] == works]
    await bob.mutate("removeMember", "{ deletedId }", membershipId=membership)
    assert (await bob.refused("restore", id=own["item"]["id"]))["extensions"]["code"] == "NOT_FOUND"
    assert (await bob.run("{ items(includeDeleted: true) { totalCount } }"))["items"]["totalCount"] == 0


@pytest.mark.parametrize(
    "listing",
    [conversations.all_conversations, items.all_items, tables.all_tables, sites.of_organization, modules.of_site],
    ids=["conversations", "items", "tables", "sites", "modules"],
)
def test_lists_with_deleted_rows_scan_no_table(sqlite_url: str, listing: Any) -> None:
    connection = sqlite3.connect(Path(sqlite_url.removeprefix("sqlite:///")))
    dialect = SQLiteDialect_pysqlite(paramstyle="qmark")
    for name, query in variants(listing.with_deleted):
        plan = query.plan(dialect, Viewer(uuid4()))
        steps = connection.execute(f"EXPLAIN QUERY PLAN {plan.sql}", [None] * len(plan.names)).fetchall()
        assert [step[3] for step in steps if TABLE_SCAN.match(step[3])] == [], name
    connection.close()
