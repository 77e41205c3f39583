"""Conversations through the API: creation, changes, lists and sharing."""

import asyncio
from typing import Any

import pytest

from tests.support.app import App
from tests.support.client import Client, Refused

FIELDS = "id title systemPrompt model temperature maxTokens extraction visibility messageCount preview lastMessageAt"
CREATED = f"{{ conversation {{ {FIELDS} owner {{ email }} organization {{ isPersonal }} }} }}"
CHANGED = f"{{ conversation {{ {FIELDS} }} }}"


async def begin(client: Client, title: str | None = None, **arguments: Any) -> str:
    """Create a conversation and return its id."""
    payload = await client.mutate("createConversation", "{ conversation { id } }", title=title, **arguments)
    id_: str = payload["conversation"]["id"]
    return id_


async def titles(client: Client, **arguments: Any) -> list[str]:
    query = """query List($search: String, $organizationId: ID, $first: Int) {
        conversations(search: $search, organizationId: $organizationId, first: $first) { nodes { title } } }"""
    return [node["title"] for node in (await client.run(query, **arguments))["conversations"]["nodes"]]


async def test_a_conversation_begins_with_the_defaults(app: App) -> None:
    ann = await app.person()
    payload = await ann.mutate("createConversation", CREATED)
    assert payload["conversation"] == {
        "id": payload["conversation"]["id"],
        "title": "New conversation",
        "systemPrompt": "You are a helpful assistant chatbot.",
        "model": "offline",
        "temperature": None,
        "maxTokens": None,
        "extraction": "AUTO",
        "visibility": "PRIVATE",
        "messageCount": 0,
        "preview": None,
        "lastMessageAt": None,
        "owner": {"email": "ann@example.com"},
        "organization": {"isPersonal": True},
    }


async def test_a_conversation_begins_with_the_given_settings(app: App) -> None:
    ann = await app.person()
    arguments = {
        "title": "Trip to Kraków",
        "systemPrompt": "Sei kurz.",
        "model": "offline",
        "extraction": "REVIEW",
        "visibility": "ORGANIZATION",
    }
    payload = await ann.mutate(
        "createConversation",
        f"{{ conversation {{ {FIELDS} }} conversationEdge {{ cursor node {{ id }} }} }}",
        **arguments,
    )
    conversation, edge = payload["conversation"], payload["conversationEdge"]
    assert {name: conversation[name] for name in arguments} == arguments
    assert edge["node"] == {"id": conversation["id"]}
    listed = await ann.run("{ conversations { edges { cursor node { id } } } }")
    assert listed["conversations"]["edges"] == [edge]


@pytest.mark.parametrize(
    ("arguments", "field", "message"),
    [
        ({"title": "x" * 201}, "title", "Invalid title. It must have 1 to 200 characters and no NUL character."),
        ({"title": " \n "}, "title", "Invalid title. It must have 1 to 200 characters and no NUL character."),
        ({"title": "a\0b"}, "title", "Invalid title. It must have 1 to 200 characters and no NUL character."),
        (
            {"systemPrompt": "x" * 20_001},
            "systemPrompt",
            "Invalid system prompt. It must have at most 20,000 characters and no NUL character.",
        ),
        ({"model": "gpt-9"}, "model", "This server has no model 'gpt-9'. Choose one of: offline."),
        ({"idempotencyKey": ""}, "idempotencyKey", None),
        ({"idempotencyKey": "\0"}, "idempotencyKey", None),
    ],
)
async def test_invalid_values_are_refused_with_their_field(
    app: App, arguments: dict[str, str], field: str, message: str | None
) -> None:
    ann = await app.person()
    error = await ann.refused("createConversation", **arguments)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [item["field"] for item in error["extensions"]["fieldErrors"]] == [field]
    assert message is None or error["message"] == message
    assert await titles(ann) == []


async def test_twenty_requests_with_one_key_make_one_conversation(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    arguments = {"title": "Once", "idempotencyKey": "key"}
    ids = await asyncio.gather(*(begin(ann, **arguments) for _ in range(20)))
    assert len(set(ids)) == 1
    assert await titles(ann) == ["Once"]
    assert await begin(ann, "Other words, same key", idempotencyKey="key") == ids[0]
    assert await begin(eve, **arguments) not in ids


async def test_only_given_fields_change(app: App) -> None:
    ann = await app.person()
    id_ = await begin(ann, "Before")
    changes = {
        "title": "  After  a\nwhile ",
        "systemPrompt": "Be brief.",
        "visibility": "ORGANIZATION",
        "extraction": "OFF",
        "temperature": 0.5,
        "maxTokens": 100,
    }
    expected = changes | {"title": "After a while"}
    before = (await ann.mutate("updateConversation", CHANGED, id=id_))["conversation"]
    assert before["title"] == "Before"
    for name, value in changes.items():
        after = (await ann.mutate("updateConversation", CHANGED, id=id_, **{name: value}))["conversation"]
        assert after == before | {name: expected[name]}
        before = after
    read = await ann.run(f"query One($id: ID!) {{ conversation(id: $id) {{ {FIELDS} }} }}", id=id_)
    assert read["conversation"] == before


async def test_null_means_the_servers_own_where_there_is_one_and_nothing_elsewhere(app: App) -> None:
    ann = await app.person()
    id_ = await begin(ann, "Kept", systemPrompt="Be brief.", visibility="ORGANIZATION", extraction="REVIEW")
    await ann.mutate("updateConversation", CHANGED, id=id_, temperature=1, maxTokens=10)
    nothing = dict.fromkeys(["systemPrompt", "model", "temperature", "maxTokens", "visibility", "extraction"])
    after = (await ann.mutate("updateConversation", CHANGED, id=id_, **nothing))["conversation"]
    assert (after["systemPrompt"], after["model"]) == ("You are a helpful assistant chatbot.", "offline")
    assert (after["temperature"], after["maxTokens"]) == (None, None)
    assert (after["title"], after["visibility"], after["extraction"]) == ("Kept", "ORGANIZATION", "REVIEW")
    error = await ann.refused("updateConversation", id=id_, title=None)
    assert [item["field"] for item in error["extensions"]["fieldErrors"]] == ["title"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("temperature", 2.1, "Choose a number from 0 to 2."),
        ("temperature", -0.1, "Choose a number from 0 to 2."),
        ("maxTokens", 0, "Choose a number from 1 to 1,000,000."),
        ("maxTokens", 1_000_001, "Choose a number from 1 to 1,000,000."),
        ("model", "gpt-9", "This server has no model 'gpt-9'. Choose one of: offline."),
        ("title", "", "Invalid title. It must have 1 to 200 characters and no NUL character."),
    ],
)
async def test_a_change_that_cannot_be_changes_nothing(app: App, name: str, value: Any, message: str) -> None:
    ann = await app.person()
    id_ = await begin(ann, "Before")
    error = await ann.refused("updateConversation", id=id_, systemPrompt="Other", **{name: value})
    assert error["extensions"]["fieldErrors"] == [{"field": name, "message": message}]
    read = await ann.run(
        "query One($id: ID!) { conversation(id: $id) { title systemPrompt updatedAt createdAt } }", id=id_
    )
    assert (read["conversation"]["title"], read["conversation"]["systemPrompt"]) == (
        "Before",
        "You are a helpful assistant chatbot.",
    )


async def test_the_list_is_read_by_pages_in_both_directions(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    for number in range(7):
        await begin(ann, str(number))
        await begin(eve, "another's")
    query = """query Page($first: Int, $after: String, $last: Int, $before: String) {
        conversations(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { title }
        edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""

    async def page(**arguments: Any) -> tuple[str, bool, bool, str, str]:
        result = (await ann.run(query, **arguments))["conversations"]
        info = result["pageInfo"]
        assert result["totalCount"] == 7
        assert [edge["cursor"] for edge in result["edges"]][:1] == [info["startCursor"]][: len(result["edges"])]
        displayed = "".join(node["title"] for node in result["nodes"])
        return displayed, info["hasPreviousPage"], info["hasNextPage"], info["startCursor"], info["endCursor"]

    assert (await page())[:3] == ("6543210", False, False)
    displayed, before, after, start, end = await page(first=3)
    assert (displayed, before, after) == ("654", False, True)
    displayed, before, after, _, end = await page(first=3, after=end)
    assert (displayed, before, after) == ("321", True, True)
    displayed, before, after, _, _ = await page(first=3, after=end)
    assert (displayed, before, after) == ("0", True, False)
    displayed, before, after, start, _ = await page(last=3)
    assert (displayed, before, after) == ("210", True, False)
    displayed, before, after, _, _ = await page(last=4, before=start)
    assert (displayed, before, after) == ("6543", False, True)
    assert (await page(first=0))[:3] == ("", False, True)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"first": 101}, "first"),
        ({"first": -1}, "first"),
        ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"after": "!"}, "after"),
        ({"before": "AAAA"}, "before"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(app: App, arguments: dict[str, Any], field: str) -> None:
    ann = await app.person()
    query = """query Page($first: Int, $after: String, $last: Int, $before: String) {
        conversations(first: $first, after: $after, last: $last, before: $before) { nodes { id } } }"""
    with pytest.raises(Refused) as caught:
        await ann.run(query, **arguments)
    (error,) = caught.value.errors
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert [item["field"] for item in error["extensions"]["fieldErrors"]] == [field]


async def test_titles_are_searched_for_the_literal_text(app: App) -> None:
    ann = await app.person()
    for title in ("100% wool", "100 sheep", "Snake_case", "Snakes", "中文 notes"):
        await begin(ann, title)
    assert await titles(ann, search="100%") == ["100% wool"]
    assert await titles(ann, search="SNAKE_") == ["Snake_case"]
    assert await titles(ann, search="snake") == ["Snakes", "Snake_case"]
    assert await titles(ann, search="中文") == ["中文 notes"]
    assert await titles(ann, search="\\") == []
    assert len(await titles(ann, search="")) == len(await titles(ann, search=None)) == 5
    assert await titles(ann, search="s", first=2) == ["中文 notes", "Snakes"]
    with pytest.raises(Refused) as caught:
        await titles(ann, search="a\0")
    assert caught.value.codes == ["BAD_USER_INPUT"]


async def test_an_organization_has_its_own_list(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    shared = await app.organization(ann, bob)
    await begin(ann, "Hers")
    await begin(bob, "Draft", organizationId=shared)
    await begin(bob, "News", organizationId=shared, visibility="ORGANIZATION")
    assert await titles(ann, organizationId=shared) == ["News", "Draft"]
    assert await titles(ann) == ["News", "Draft", "Hers"]
    assert await titles(bob, organizationId=shared) == ["News", "Draft"]
    assert await titles(eve, organizationId=shared) == []
    assert (await eve.refused("createConversation", organizationId=shared))["extensions"]["code"] == "NOT_FOUND"
    for id_ in ("nonsense", await begin(ann)):
        with pytest.raises(Refused) as caught:
            await titles(ann, organizationId=id_)
        assert caught.value.codes == ["NOT_FOUND"]


async def test_a_member_reads_shared_conversations_and_an_admin_changes_them(app: App) -> None:
    ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
    shared = await app.organization(ann, bob)
    id_ = await begin(ann, "Rules", organizationId=shared, visibility="ORGANIZATION")
    query = "query One($id: ID!) { conversation(id: $id) { title owner { email } organization { name myRole } } }"
    seen = {"title": "Rules", "owner": {"email": "ann@example.com"}}
    assert await bob.run(query, id=id_) == {
        "conversation": seen | {"organization": {"name": "Shared", "myRole": "MEMBER"}}
    }
    assert await eve.run(query, id=id_) == {"conversation": None}
    assert (await bob.refused("updateConversation", id=id_, title="Mine"))["extensions"]["code"] == "FORBIDDEN"
    assert (await eve.refused("updateConversation", id=id_, title="Mine"))["extensions"]["code"] == "NOT_FOUND"
    theirs = await begin(bob, "Draft", organizationId=shared)
    await ann.mutate("updateConversation", CHANGED, id=theirs, title="Checked")
    changed = await bob.run("query One($id: ID!) { conversation(id: $id) { title updatedBy { email } } }", id=theirs)
    assert changed["conversation"] == {"title": "Checked", "updatedBy": {"email": "ann@example.com"}}
    assert await titles(bob) == ["Checked", "Rules"]


async def test_a_list_costs_the_same_reads_however_long_it_is(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    shared = await app.organization(ann, bob)
    query = """{ conversations(first: 100) { totalCount nodes { title owner { name } updatedBy { name }
        organization { name myRole } } } }"""

    await app.product.worker.stop()  # it reads too

    async def reads() -> int:
        app.reads.clear()
        result = (await ann.run(query))["conversations"]
        assert result["totalCount"] == len(result["nodes"])
        return len(app.reads)

    await begin(ann, "One")
    await begin(bob, "Another", organizationId=shared)
    few = await reads()
    for number in range(30):
        await begin(ann, f"Hers {number}")
        await begin(bob, f"His {number}", organizationId=shared)
    # The session, the page, its number, and one for all users, organizations and roles each.
    assert await reads() == few <= 6


async def test_two_changes_in_one_operation_are_each_answered_as_it_is_then(app: App) -> None:
    ann = await app.person()
    id_ = await begin(ann, "Before")
    await ann.mutate("sendMessage", "{ message { id } }", text="Hello", conversationId=id_, wait=True)
    document = """fragment Titles on UpdateConversationPayload { conversation { messages { nodes {
        conversation { title } } } } }
    mutation Both($id: ID!) { a: updateConversation(input: {id: $id, title: "A"}) { ...Titles }
        b: updateConversation(input: {id: $id, title: "B"}) { ...Titles } }"""
    both = await ann.run(document, id=id_)
    for alias, title in (("a", "A"), ("b", "B")):
        nodes = both[alias]["conversation"]["messages"]["nodes"]
        assert nodes == [{"conversation": {"title": title}}] * 2
