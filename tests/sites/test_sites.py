"""Sites: admins create and assign them, members see those that they are assigned to."""

import pytest

from tests.support.app import App
from tests.support.client import Client
from tests.support.sites import create_module, create_site, own_id

SITES = """query S($id: ID!) { organization(id: $id) { sites { totalCount nodes { id name address isActive
  organization { name } createdBy { email } updatedBy { email } } } } }"""
SEEN = """query N($s: ID!, $m: ID!) { site(id: $s) { name } module(id: $m) { name } a: node(id: $s) { id }
  b: node(id: $m) { id } }"""
NOTHING = {"site": None, "module": None, "a": None, "b": None}


async def names(client: Client, organization: str) -> list[str]:
    listed = await client.run(SITES, id=organization)
    return [one["name"] for one in listed["organization"]["sites"]["nodes"]]


async def test_an_admin_makes_changes_and_deletes_a_site(app: App) -> None:
    ann = await app.person("ann")
    works = await app.organization(ann)
    selection = "{ site { id name address organization { name } } siteEdge { cursor node { id } } }"
    arguments = {"organizationId": works, "name": " The  Depot ", "address": " 1 Road ", "idempotencyKey": "k"}
    answers = [await ann.mutate("createSite", selection, **arguments) for _ in range(2)]
    assert answers[0] == answers[1]
    id_ = answers[0]["site"]["id"]
    assert answers[0]["site"] == {
        "id": id_,
        "name": "The Depot",
        "address": "1 Road",
        "organization": {"name": "Shared"},
    }
    changed = await ann.mutate("updateSite", "{ site { name address } }", id=id_, address=None)
    assert changed == {"site": {"name": "The Depot", "address": None}}
    assert await ann.mutate("deleteSite", "{ deletedId }", id=id_) == {"deletedId": id_}
    assert await names(ann, works) == []


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 101}, "name"), ({"address": "x" * 501}, "address")],
)
async def test_a_site_that_cannot_be_is_refused(app: App, arguments: dict[str, str], field: str) -> None:
    ann = await app.person("ann")
    works = await app.organization(ann)
    error = await ann.refused("createSite", organizationId=works, **({"name": "Depot"} | arguments))
    assert [one["field"] for one in error["extensions"]["fieldErrors"]] == [field]
    assert await names(ann, works) == []


async def test_a_member_sees_the_sites_they_are_assigned_to_with_their_modules(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await app.organization(ann, bob)
    depot, yard = await create_site(ann, works), await create_site(ann, works, "Yard")
    pump = await create_module(ann, depot)
    ids = {"s": depot, "m": pump}
    assert await bob.run(SEEN, **ids) == NOTHING
    assert await names(bob, works) == []
    arguments = {"siteId": depot, "userId": await own_id(bob)}
    selection = "{ site { name assignees { totalCount nodes { email } } } }"
    bobs = {"totalCount": 1, "nodes": [{"email": "bob@example.com"}]}
    for _ in range(2):
        assert (await ann.mutate("assignSite", selection, **arguments))["site"] == {"name": "Depot", "assignees": bobs}
    assert await bob.run(SEEN, **ids) == {
        "site": {"name": "Depot"},
        "module": {"name": "Pump 1"},
        "a": {"id": depot},
        "b": {"id": pump},
    }
    assert await names(bob, works) == ["Depot"]
    assert await names(ann, works) == ["Depot", "Yard"]
    assert (await bob.run("query S($s: ID!) { site(id: $s) { id } }", s=yard))["site"] is None
    for _ in range(2):
        used = await ann.mutate("unassignSite", selection, **arguments)
        assert used["site"]["assignees"] == {"totalCount": 0, "nodes": []}
    assert await bob.run(SEEN, **ids) == NOTHING
    await ann.mutate("assignSite", selection, **arguments)
    assert await names(bob, works) == ["Depot"]


async def test_a_member_who_returns_has_no_site_assignments(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await app.organization(ann, bob)
    depot = await create_site(ann, works)
    arguments = {"siteId": depot, "userId": await own_id(bob)}
    await ann.mutate("assignSite", "{ site { id } }", **arguments)
    listed = await ann.run(
        "query M($id: ID!) { organization(id: $id) { members { nodes { id user { email } } } } }", id=works
    )
    places = {one["user"]["email"]: one["id"] for one in listed["organization"]["members"]["nodes"]}
    await bob.mutate("removeMember", "{ deletedId }", membershipId=places["bob@example.com"])
    assert (await bob.run("query S($s: ID!) { site(id: $s) { id } }", s=depot))["site"] is None
    refused = await ann.refused("assignSite", **arguments)
    assert [one["field"] for one in refused["extensions"]["fieldErrors"]] == ["userId"]
    assignees = "query A($s: ID!) { site(id: $s) { assignees { totalCount } } }"
    assert (await ann.run(assignees, s=depot))["site"]["assignees"]["totalCount"] == 0


async def test_a_conversation_may_be_about_a_site(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await app.organization(ann, bob)
    depot = await create_site(ann, works)
    selection = "{ conversation { id title site { name } organization { id } } }"
    talk = await ann.mutate("createConversation", selection, title="Leak", siteId=depot, visibility="ORGANIZATION")
    assert talk["conversation"]["site"] == {"name": "Depot"}
    assert talk["conversation"]["organization"] == {"id": works}
    await ann.mutate("createConversation", selection, title="Other")
    document = """query C($s: ID!) { conversations(siteId: $s) { nodes { title site { name } } }
      site(id: $s) { conversations { nodes { title } } } }"""
    assert await ann.run(document, s=depot) == {
        "conversations": {"nodes": [{"title": "Leak", "site": {"name": "Depot"}}]},
        "site": {"conversations": {"nodes": [{"title": "Leak"}]}},
    }
    assert await bob.run(document, s=depot) == {
        "conversations": {"nodes": [{"title": "Leak", "site": None}]},
        "site": None,
    }
    assert (await bob.refused("createConversation", siteId=depot))["extensions"]["code"] == "NOT_FOUND"
    elsewhere = await app.organization(ann)
    refused = await ann.refused("createConversation", siteId=depot, organizationId=elsewhere)
    assert [one["field"] for one in refused["extensions"]["fieldErrors"]] == ["organizationId"]
    assert (await ann.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] == 2


@pytest.mark.parametrize(
    ("who", "code"),
    [("eve", "NOT_FOUND"), ("cid", "NOT_FOUND"), ("bob", "FORBIDDEN"), ("nobody", "UNAUTHENTICATED")],
)
async def test_others_change_nothing(app: App, who: str, code: str) -> None:
    """Eve is an admin of another organization; Cid is a member; Bob is a member assigned to the site."""
    ann, bob, cid, eve = [await app.person(name) for name in ("ann", "bob", "cid", "eve")]
    works = await app.organization(ann, bob, cid)
    await app.organization(eve)
    depot = await create_site(ann, works)
    arguments = {"siteId": depot, "userId": await own_id(bob)}
    await ann.mutate("assignSite", "{ site { id } }", **arguments)
    before = await ann.run(SITES, id=works)
    client = {"eve": eve, "cid": cid, "bob": bob, "nobody": app.client()}[who]
    for name, changes in (
        ("updateSite", {"id": depot, "name": "Mine"}),
        ("deleteSite", {"id": depot}),
        ("assignSite", arguments),
        ("unassignSite", arguments),
        ("createModule", {"siteId": depot, "name": "Pump", "kind": "pump"}),
    ):
        assert (await client.refused(name, **changes))["extensions"]["code"] == code, name
    refused = (await client.refused("createSite", organizationId=works, name="Mine"))["extensions"]["code"]
    assert refused == ("FORBIDDEN" if who == "cid" else code)
    assert await ann.run(SITES, id=works) == before
    assert await names(bob, works) == ["Depot"]


async def test_a_list_costs_as_many_statements_as_one_of_it(app: App) -> None:
    ann = await app.person("ann")
    works = await app.organization(ann)
    costs = []
    for n in range(4):
        await create_site(ann, works, f"Site {n}")
        app.reads.clear()
        await ann.run(SITES, id=works)
        costs.append(len(app.reads))
    assert len(set(costs)) == 1
