"""Items: private or shared, optionally about a site or a conversation."""

from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client
from tests.support.sites import create_site as made_site

ITEM = "{ id title description isCompleted visibility owner { email } organization { name } site { name } }"
ITEMS = """query I($isCompleted: Boolean, $organizationId: ID) { items(isCompleted: $isCompleted,
  organizationId: $organizationId) { totalCount nodes { id title description isCompleted visibility
  owner { email } organization { name } site { name } conversation { title } createdBy { email } } } }"""


async def create_item(client: Client, title: str = "Call", **arguments: Any) -> str:
    """Create an item and return its id."""
    return str((await client.mutate("createItem", "{ item { id } }", title=title, **arguments))["item"]["id"])


async def titles(client: Client, **requested: Any) -> list[str]:
    return [one["title"] for one in (await client.run(ITEMS, **requested))["items"]["nodes"]]


async def test_an_item_is_made_changed_and_deleted(app: App) -> None:
    ann = await app.person("ann")
    arguments = {"title": " Call  Bob ", "description": "about\nthe leak", "idempotencyKey": "k"}
    answers = [
        await ann.mutate("createItem", f"{{ item {ITEM} itemEdge {{ cursor }} }}", **arguments) for _ in range(2)
    ]
    assert answers[0] == answers[1]
    item = answers[0]["item"]
    assert item == {
        "id": item["id"],
        "title": "Call Bob",
        "description": "about\nthe leak",
        "isCompleted": False,
        "visibility": "PRIVATE",
        "owner": {"email": "ann@example.com"},
        "organization": {"name": "Ann Lee"},
        "site": None,
    }
    changed = await ann.mutate("updateItem", f"{{ item {ITEM} }}", id=item["id"], isCompleted=True, description=None)
    assert changed["item"] == item | {"isCompleted": True, "description": None}
    assert await ann.mutate("deleteItem", "{ deletedId }", id=item["id"]) == {"deletedId": item["id"]}
    assert await titles(ann) == []


async def test_items_are_found_by_state_organization_and_owner(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works = await app.organization(ann, bob)
    await create_item(ann, "one", isCompleted=True)
    await create_item(ann, "two", organizationId=works, visibility="ORGANIZATION")
    await create_item(bob, "three", organizationId=works, isCompleted=True)
    assert await titles(ann) == ["three", "two", "one"]
    assert await titles(bob) == ["three", "two"]
    assert await titles(ann, isCompleted=True) == ["three", "one"]
    assert await titles(ann, organizationId=works) == ["three", "two"]
    assert await titles(ann, organizationId=works, isCompleted=False) == ["two"]
    own = await ann.run("{ me { items { nodes { title } } } }")
    assert [one["title"] for one in own["me"]["items"]["nodes"]] == ["two", "one"]


async def test_an_item_is_about_things_of_its_organization(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    works, other = await app.organization(ann, bob), await app.organization(ann)
    depot = await made_site(ann, works)
    talk = await ann.mutate("createConversation", "{ conversation { id } }", title="Leak", organizationId=works)
    about = {"siteId": depot, "conversationId": talk["conversation"]["id"]}
    selection = "{ item { id organization { id } site { name } conversation { title } } }"
    item = (await ann.mutate("createItem", selection, title="Fix", **about))["item"]
    assert item["organization"] == {"id": works}
    assert (item["site"], item["conversation"]) == ({"name": "Depot"}, {"title": "Leak"})
    refused = await ann.refused("createItem", title="Fix", organizationId=other, siteId=depot)
    assert [one["field"] for one in refused["extensions"]["fieldErrors"]] == ["siteId"]
    own = await create_item(ann, "Mine")
    refused = await ann.refused("updateItem", id=own, conversationId=about["conversationId"])
    assert [one["field"] for one in refused["extensions"]["fieldErrors"]] == ["conversationId"]
    for field in about:
        assert (await bob.refused("createItem", title="Fix", **{field: about[field]}))["extensions"]["code"] == (
            "NOT_FOUND"
        )
    emptied = await ann.mutate("updateItem", selection, id=item["id"], siteId=None)
    assert (emptied["item"]["site"], emptied["item"]["conversation"]) == (None, {"title": "Leak"})
    assert await titles(bob) == []


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"description": "x" * 10_001}, "description"),
        ({"description": "\x00"}, "description"),
    ],
)
async def test_an_item_that_cannot_be_is_refused(app: App, arguments: dict[str, str], field: str) -> None:
    ann = await app.person("ann")
    error = await ann.refused("createItem", **({"title": "Call"} | arguments))
    assert [one["field"] for one in error["extensions"]["fieldErrors"]] == [field]
    assert await titles(ann) == []
    id_ = await create_item(ann, "x" * 200, description="x" * 10_000)
    error = await ann.refused("updateItem", id=id_, **arguments)
    assert [one["field"] for one in error["extensions"]["fieldErrors"]] == [field]
    assert await titles(ann) == ["x" * 200]


@pytest.mark.parametrize(("who", "code"), [("eve", "NOT_FOUND"), ("bob", "FORBIDDEN"), ("nobody", "UNAUTHENTICATED")])
async def test_others_change_nothing(app: App, who: str, code: str) -> None:
    """Eve is an admin of another organization; Bob is a member with whom the item is shared."""
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    works = await app.organization(ann, bob)
    await app.organization(eve)
    item = await create_item(ann, organizationId=works, visibility="ORGANIZATION")
    before = await ann.run(ITEMS)
    client = {"eve": eve, "bob": bob, "nobody": app.client()}[who]
    for name, arguments in (("updateItem", {"id": item, "title": "Mine"}), ("deleteItem", {"id": item})):
        assert (await client.refused(name, **arguments))["extensions"]["code"] == code, name
    refused = await eve.refused("createItem", title="Mine", organizationId=works)
    assert refused["extensions"]["code"] == "NOT_FOUND"
    assert await ann.run(ITEMS) == before


async def test_a_list_costs_as_many_statements_as_one_of_it(app: App) -> None:
    ann = await app.person("ann")
    works = await app.organization(ann)
    depot = await made_site(ann, works)
    costs = []
    for n in range(4):
        await create_item(ann, f"Item {n}", siteId=depot)
        app.reads.clear()
        await ann.run(ITEMS)
        costs.append(len(app.reads))
    assert len(set(costs)) == 1
