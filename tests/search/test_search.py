"""Search: matches, order, access and cost."""

import random
from typing import Any
from uuid import UUID

import pytest

from db.conversations import conversations
from db.conversations.conversations import NewConversation
from db.core.base import Visibility, now
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.messages import Message
from db.models.search import MessageWords
from db.retention.erasure import erase as erase_rows
from db.search.query_parser import SearchQuery
from db.search.snippets import MAX_LENGTH, snippet
from db.search.words import folded_text
from resolvers.core.ids import decode_id, global_id
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.conversations.search_samples import user_message
from tests.support.scripted_llm import ScriptedLLM, finished_reply
from tests.support.scripted_llm import start_reply as ask
from tests.support.world import SYSTEM

SEARCH = """query S($query: String!, $first: Int, $after: String) { searchMessages(query: $query, first: $first,
  after: $after) { totalCount nodes { message { id text } snippet } pageInfo { hasNextPage endCursor } } }"""
LIST = """query L($search: String, $includeDeleted: Boolean) { conversations(search: $search,
  includeDeleted: $includeDeleted) { totalCount nodes { title } } }"""
TEXTS = {
    "fox": "The quick brown fox jumps over the lazy dog.",
    "cafe": "Café Zürich: €3.20 for naïve ﬁnance in the Straße, by ann@example.com",
    "chinese": "我们今天去北京，买 iPhone手机。",
    "japanese": "東京タワーがきれい",
    "korean": "한국어를 배우고 있어요",
    "thai": "ฉันรักเมืองไทย",
    "code": "foo-bar_baz(quux) && x <script>alert('1')</script> 100% \\ \u202eevil",
    "arabic": "السَّلام عليكم",
}
FINDS = {
    "quick": ["fox"],
    "QUICK fo": ["fox"],
    "qui": ["fox"],
    "qui fox": [],  # only of the last word the beginning is enough
    "dog quick": ["fox"],
    '"quick brown"': ["fox"],
    '"brown quick"': [],
    '"quick brow"': [],
    '"lazy dog" jum': ["fox"],
    "“lazy dog”": ["fox"],
    '"unfinished quick': [],
    '"quick': ["fox"],
    "cafe zurich": ["cafe"],
    "CAFE\u0301": ["cafe"],
    "finance": ["cafe"],
    "strasse": ["cafe"],
    "3.20": ["cafe"],
    "ann@example": ["cafe"],
    "20.3": [],
    "北京": ["chinese"],
    "今天去北": ["chinese"],
    "天今": [],
    "iphone手机": ["chinese"],
    "タワー": ["japanese"],
    "かき": [],  # a voiced が is another letter
    "がき": ["japanese"],
    "국어": ["korean"],
    "เมือง": ["thai"],
    "السلام": ["arabic"],
    "foo-bar": ["code"],
    "bar-foo": [],
    "the": ["cafe", "fox"],
    "fox cafe": [],
    "evil": ["code"],
    "script alert": ["code"],
    "nothing": [],
}
HARMLESS = [
    *("*", "fox*", "fox OR dog", "NOT fox", "NEAR(fox dog)", "-fox", "words:fox", "fox & dog", "fox | !dog", "fox:*"),
    *("'fox'", "fox\\", "^fox", "{fox}", "(fox", "fox)", '""fox""', "fo%", "%_fox", "fox;--", "§fox", "fox\n\tdog"),
]


async def create_conversation(
    app: App, client: Client, *texts: str, title: str = "Any", **arguments: Any
) -> list[UUID]:
    """Create a conversation with messages; return its id and theirs."""

    def unit(session: Session) -> list[UUID]:
        conversation = conversations.create(session, NewConversation("model", title=title, **arguments))
        messages = [user_message(conversation.id, text) for text in texts]
        session.add_all(messages)
        return [conversation.id, *(message.id for message in messages)]

    return await app.backend.database.write(unit, await app.viewer(client))


async def found(client: Client, query: str, **requested: Any) -> dict[str, Any]:
    hits: dict[str, Any] = (await client.run(SEARCH, query=query, **requested))["searchMessages"]
    return hits


async def texts(client: Client, query: str) -> list[str]:
    hits = await found(client, query)
    assert hits["totalCount"] == len(hits["nodes"])
    return [node["message"]["text"] for node in hits["nodes"]]


async def listed(client: Client, search: str, **requested: Any) -> list[str]:
    page = (await client.run(LIST, search=search, **requested))["conversations"]
    assert page["totalCount"] == len(page["nodes"])
    return [node["title"] for node in page["nodes"]]


async def test_the_same_words_find_the_same_messages_newest_first(app: App) -> None:
    ann = await app.person()
    await create_conversation(app, ann, *TEXTS.values())
    names = {text: name for name, text in TEXTS.items()}
    for query, expected in FINDS.items():
        assert [names[text] for text in await texts(ann, query)] == expected, query
    for query in HARMLESS[1:]:
        assert {names[text] for text in await texts(ann, query)} <= {"fox", "code", "cafe"}, query


async def test_any_query_is_harmless(app: App) -> None:
    ann = await app.person()
    await create_conversation(app, ann, "needle")
    chance = random.Random(1)
    signs = "\"'*()[]{}:^-+~!&|<>\\/%_;,.?#$@=`“”«»§ \t\nneedlAND OR NOT北京\u0301\u202e👍\uffff\x7f"
    for _ in range(150):
        query = "needle " + "".join(chance.choices(signs, k=chance.randint(1, 30)))
        await found(ann, query)
        await ann.run(LIST, search=query)
    for query, field in (("", "query"), ("?!", "query"), ("x" * 201, "query"), ("a\0b", "query")):
        with pytest.raises(Refused) as refused:
            await found(ann, query)
        (error,) = refused.value.errors
        assert error["extensions"]["fieldErrors"][0]["field"] == field


async def test_search_returns_only_visible_messages(app: App) -> None:
    ann, bob, eve = await app.person("ann"), await app.person("bob"), await app.person("eve")
    shared = decode_id(await app.organization(ann, bob), type_named("Organization"))
    await create_conversation(app, bob, "bob's secret plan", title="Hidden", organization_id=shared)
    await create_conversation(
        app, bob, "our secret plan", title="Ours", organization_id=shared, visibility=Visibility.ORGANIZATION
    )
    await create_conversation(app, ann, "my secret plan", title="Mine")
    assert await texts(bob, "secret plan") == ["our secret plan", "bob's secret plan"]
    assert await texts(ann, "secret plan") == ["my secret plan", "our secret plan", "bob's secret plan"]  # an admin
    nothing = {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    assert await found(eve, "secret plan") == nothing
    assert [await listed(eve, "secret"), await listed(bob, "secret")] == [[], ["Ours", "Hidden"]]
    # What names an organization in the index is no word to anybody.
    assert await texts(eve, f"§{shared.hex}") == []
    with pytest.raises(Refused) as refused:
        await found(app.client(), "secret")
    assert refused.value.codes == ["UNAUTHENTICATED"]


def type_named(name: str) -> Any:
    from schema.base import NODES

    return NODES[name]


async def test_deleted_messages_are_found_again_after_a_restoration(app: App) -> None:
    ann = await app.person()
    id_, message_id = await create_conversation(app, ann, "needle", title="Trip")

    async def set_deleted(model: Any, row_id: UUID, moment: Any) -> None:
        def unit(session: Session) -> None:
            row = session.get(model, row_id) if moment else session.get_deleted_for_update(model, row_id)
            row.deleted_at = moment

        await app.backend.database.write(unit, await app.viewer(ann))

    for model, row_id in ((Conversation, id_), (Message, message_id)):
        assert (await texts(ann, "needle"), await listed(ann, "needle")) == (["needle"], ["Trip"])
        await set_deleted(model, row_id, now())
        assert (await texts(ann, "needle"), await listed(ann, "needle")) == ([], [])
        await set_deleted(model, row_id, None)
    assert await texts(ann, "needle") == ["needle"]

    def erase(session: Session) -> None:
        erase_rows(session, Message, Message.id == message_id, limit=9)

    await app.backend.database.write(erase, SYSTEM)
    assert await texts(ann, "needle") == []


async def test_conversations_are_found_by_titles_and_messages(app: App) -> None:
    ann = await app.person()
    await create_conversation(app, ann, "Where is the Kraków train?", title="Plans")
    await create_conversation(app, ann, "Hello", title="Trip to Kraków 100%")
    await create_conversation(app, ann, "Hello", title="Other")
    assert await listed(ann, "KRAKÓW") == ["Trip to Kraków 100%", "Plans"]
    assert await listed(ann, "krakow") == ["Plans"]  # a title is compared as it is written
    assert await listed(ann, "w 100%") == ["Trip to Kraków 100%"]
    assert await listed(ann, "%") == ["Trip to Kraków 100%"]
    assert await listed(ann, "train kra", includeDeleted=True) == ["Plans"]
    assert await listed(ann, "tra kraków") == []
    assert await listed(ann, "train where") == ["Plans"]


async def test_a_reply_is_found_when_it_is_whole(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    scripted_llm.say("The needle ", "is here.")
    begun = await ask(ann, "Where?")
    assert await texts(ann, "needle") == []
    scripted_llm.finish()
    await finished_reply(llm_app, ann, begun)
    assert await texts(ann, "needle") == ["The needle is here."]


async def test_pages_follow_each_other_and_cost_the_same_in_a_conversation_of_any_size(app: App) -> None:
    ann = await app.person()
    costs = []
    for size in (5, 500):
        _, *ids = await create_conversation(app, ann, *(f"needle {size} number {n}" for n in range(size)))
        await app.product.worker.stop()
        app.reads.clear()
        page = await found(ann, f"needle {size}", first=3)
        costs.append(len(app.reads))
        assert page["totalCount"] == size
        assert [node["message"]["id"] for node in page["nodes"]] == [global_id(Message, id_) for id_ in ids[:-4:-1]]
        page = await found(ann, f"needle {size}", first=2, after=page["pageInfo"]["endCursor"])
        assert [node["message"]["id"] for node in page["nodes"]] == [global_id(Message, id_) for id_ in ids[-4:-6:-1]]
        assert page["pageInfo"]["hasNextPage"] is (size > 5)
    assert costs[0] == costs[1]


@pytest.mark.parametrize(
    ("text", "query", "displayed"),
    [
        ("The quick brown fox", "brown", "The quick «brown» fox"),
        ("The quick\n\n  brown\tfox", "quick-brown", "The «quick brown» fox"),
        ("Naïve Café", "cafe", "Naïve «Café»"),
        ("再见北京你好", "北京", "再见«北京»你好"),
        ("brown hare, brown fox", '"brown fox"', "brown hare, «brown fox»"),
        ("prefixes", "pre", "«prefixes»"),
        ("fox and dog", "dog fox", "«fox» and dog"),
        ("nothing", "else", "nothing"),
        ("", "else", ""),
        ("x" * 300, "x" * 64, f"«{'x' * 156}»…"),
        (f"{'a' * 100} b {'c' * 100}", "b", f"…{'a' * 49} «b» {'c' * 100}"),
        (f"{'👍' * 200} needle {'👍' * 200}", "needle", f"…{'👍' * 49} «needle» {'👍' * 99}…"),
    ],
)
def test_a_snippet_shows_the_first_hit_with_its_context(text: str, query: str, displayed: str) -> None:
    expected = SearchQuery.parse(query)
    assert expected is not None
    assert snippet(text, expected) == displayed
    assert len(displayed) <= MAX_LENGTH


def test_long_words_and_texts_are_bounded_and_nothing_else_is_lost() -> None:
    assert folded_text("x" * 100) == f" {'x' * 64} "
    stored = folded_text("\ufdfa " * 100_000)
    assert 900_000 < len(stored.replace(" ", "").encode()) <= 1_000_000
    assert folded_text("?! \ud800 👍") == " "
    assert SearchQuery.parse('“”"" *') is None


async def test_the_longest_message_is_indexed_whole(app: App) -> None:
    ann = await app.person()
    distinct = "".join(chr(0x20000 + n % 40_000) for n in range(199_990))
    await create_conversation(app, ann, distinct + " needle")
    assert len((await found(ann, distinct[-50:] + " needle"))["nodes"]) == 1


def test_the_indexed_words_can_be_neither_read_nor_written() -> None:
    row = MessageWords(words="", scope="")
    assert not row.writable(SYSTEM, {})
