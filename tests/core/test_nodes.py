"""Nodes by id: one at a time and many at once."""

from uuid import uuid4

import pytest

from resolvers.core.ids import decode
from tests.support.app import App
from tests.support.client import Client, Refused

NODES = "query Many($ids: [ID!]!) { nodes(ids: $ids) { id } }"


async def begin(client: Client, title: str = "Any") -> str:
    """Create a conversation and return its id."""
    payload = await client.mutate("createConversation", "{ conversation { id } }", title=title)
    id_: str = payload["conversation"]["id"]
    return id_


async def test_anything_is_found_by_its_id(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    mine = await begin(ann, "Mine")
    me = (await ann.run("{ me { id memberships { nodes { id organization { id } } } } }"))["me"]
    membership = me["memberships"]["nodes"][0]
    query = """query Node($id: ID!) { node(id: $id) { __typename id
        ... on Conversation { title } ... on User { email } } }"""
    assert (await ann.run(query, id=mine))["node"] == {"__typename": "Conversation", "id": mine, "title": "Mine"}
    assert (await ann.run(query, id=me["id"]))["node"]["email"] == "ann@example.com"
    for id_, name in ((membership["id"], "Membership"), (membership["organization"]["id"], "Organization")):
        assert (await ann.run(query, id=id_))["node"] == {"__typename": name, "id": id_}
        assert (await eve.run(query, id=id_))["node"] is None
    assert (await eve.run(query, id=mine))["node"] is None


async def test_an_id_that_is_none_is_null(app: App) -> None:
    ann = await app.person()
    mine = await begin(ann)
    me = (await ann.run("{ me { id } }"))["me"]["id"]
    decoded = decode(mine)
    assert decoded is not None
    garbage = ["", "x", "é", "=", "\0", "Q29u", "x" * 10_000, str(decoded[1]), mine[:-4], "conversation:1", "VXNlcjo"]
    for id_ in garbage:
        assert await ann.run("query N($id: ID!) { node(id: $id) { id } conversation(id: $id) { id } }", id=id_) == {
            "node": None,
            "conversation": None,
        }, id_
    one = "query One($id: ID!) { conversation(id: $id) { id } message(id: $id) { id } table(id: $id) { id } }"
    assert await ann.run(one, id=me) == {"conversation": None, "message": None, "table": None}
    error = await ann.refused("updateConversation", id=me, title="x")
    assert error["extensions"]["code"] == "NOT_FOUND"


async def test_many_ids_are_answered_in_their_order_with_null_for_what_is_not_there(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    ids = [await begin(ann, str(number)) for number in range(3)]
    theirs, me = await begin(eve), (await ann.run("{ me { id } }"))["me"]["id"]
    await app.product.worker.stop()  # it reads too
    requested = [ids[2], "garbage", me, theirs, ids[0], ids[2]]
    app.reads.clear()
    result = (await ann.run(NODES, ids=requested))["nodes"]
    assert [node and node["id"] for node in result] == [ids[2], None, me, None, ids[0], ids[2]]
    assert len(app.reads) <= 3  # the session, conversations, users
    assert (await ann.run(NODES, ids=[]))["nodes"] == []
    unknown = str(uuid4())
    hundred = (await ann.run(NODES, ids=[unknown] * 100))["nodes"]
    assert hundred == [None] * 100
    with pytest.raises(Refused) as caught:
        await ann.run(NODES, ids=[unknown] * 101)
    assert [error["message"] for error in caught.value.errors] == ["101 ids are too many: request at most 100 at once."]
    assert caught.value.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "id_", ["x", "", "é", "VXNlcjo", "VGhpbmc6MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA", "x" * 10_000]
)
async def test_a_malformed_id_is_called_so(app: App, id_: str) -> None:
    ann = await app.person()
    error = await ann.refused("updateConversation", id=id_, title="x")
    quoted = repr(id_ if len(id_) <= 40 else f"{id_[:40]}…")
    assert error["message"] == f"{quoted} is not a valid id. Pass the `id` of a Conversation as the server returned it."
    assert error["extensions"]["code"] == "NOT_FOUND"


async def test_the_id_of_another_type_is_called_so(app: App) -> None:
    ann = await app.person()
    me = (await ann.run("{ me { id memberships { nodes { organization { id } } } } }"))["me"]
    organization = me["memberships"]["nodes"][0]["organization"]["id"]
    conversation = await begin(ann)
    for mutation, arguments, message in (
        ("updateConversation", {"id": me["id"]}, "This is the id of a User, not of a Conversation."),
        ("updateConversation", {"id": organization}, "This is the id of an Organization, not of a Conversation."),
        ("deleteItem", {"id": conversation}, "This is the id of a Conversation, not of an Item."),
        ("createItem", {"title": "x", "siteId": me["id"]}, "This is the id of a User, not of a Site."),
    ):
        error = await ann.refused(mutation, **arguments)
        assert (error["message"], error["extensions"]["code"]) == (message, "NOT_FOUND")


async def test_the_id_of_nothing_is_not_found(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    error = await eve.refused("updateConversation", id=await begin(ann), title="x")
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert "id of a" not in error["message"]
