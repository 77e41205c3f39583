"""Share links: their content, readers and lifetime, and everything that they hide."""

from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from db.core.base import now
from db.core.session import Session
from db.models.conversations import Conversation
from db.models.share_links import Share
from resolvers.core.ids import decode_id
from tests.support.app import App, open_app
from tests.support.client import Client
from tests.support.world import SYSTEM

EVIL = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> javascript:alert(1) </title></style><!-- &lt; \u202e"
TABLE = f"| {EVIL} | Price |\n|---|---|\n| {EVIL} | 3.20 |\n| Tea | 4 |\n"
SHARED = "{ shareUrl expiresAt conversation { id shareUrl } }"
LINK = "query L($id: ID!) { conversation(id: $id) { shareUrl } }"


class Page(HTMLParser):
    """Parser of a page's tags and visible texts; fails on anything that a browser would run or fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {
            *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "div"),
            *("table", "caption", "thead", "tbody", "tr", "th", "td"),
        }
        for name, _ in attrs:
            assert name in {"lang", "charset", "name", "content", "class", "dir"}
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


async def create_conversation(client: Client, text: str = "Hello", conversation: str | None = None) -> str:
    """Send a message, wait for the reply and return the id of the conversation."""
    payload = await client.mutate(
        "sendMessage", "{ conversation { id } }", text=text, conversationId=conversation, wait=True
    )
    id_: str = payload["conversation"]["id"]
    return id_


async def share(client: Client, conversation: str, **arguments: Any) -> str:
    url: str = (await client.mutate("shareConversation", SHARED, conversationId=conversation, **arguments))["shareUrl"]
    return url


async def open_link(client: Client, url: str) -> httpx.Response:
    """Open a link without signing in and return the page."""
    return await client.http.get(f"{client.url}{url}")


async def test_a_link_shows_the_branch_and_its_tables_as_they_were(app: App) -> None:
    ann = await app.person()
    id_ = await create_conversation(ann, "| Item | Price |\n|---|---|\n| Tea | 3.20 |\n")
    url = await share(ann, id_)
    before = await open_link(ann, url)
    await create_conversation(ann, "Something later", id_)
    await ann.mutate("updateConversation", "{ conversation { id } }", id=id_, title="Another title")
    table = await ann.run("query T($id: ID!) { conversation(id: $id) { tables { nodes { id } } } }", id=id_)
    table_id = table["conversation"]["tables"]["nodes"][0]["id"]
    await ann.mutate("addRows", "{ table { id } }", tableId=table_id, rows=[{"Item": "Later"}])
    after = await open_link(ann, url)
    assert (after.status_code, after.text) == (200, before.text)
    page = Page(after.text)
    assert [text for text in page.texts if text in ("Item", "Tea", "3.20", "Person", "Assistant")] == [
        *("Person", "Assistant", "Item", "Tea", "3.20")
    ]
    assert page.tags.count("table") == 1
    assert "Later" not in after.text
    without = await open_link(ann, await share(ann, id_, includeTables=False))
    assert "table" not in Page(without.text).tags
    assert "Something later" in without.text
    assert "Another title" in without.text


async def test_a_page_runs_nothing_names_nobody_and_is_kept_nowhere(app: App) -> None:
    ann = await app.person()
    id_ = await create_conversation(ann, TABLE)
    await ann.mutate("updateConversation", "{ conversation { id } }", id=id_, title=EVIL)
    answer = await open_link(ann, await share(ann, id_))
    page = Page(answer.text)
    assert page.tags.count("table") == 1
    assert sum("<script>alert(1)</script>" in text for text in page.texts) >= 4  # title, heading, message, table
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["x-robots-tag"] == "noindex, nofollow, noarchive"
    assert 'name="robots" content="noindex' in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    me = await ann.run("{ me { id name } conversations { nodes { id organization { id name } } } }")
    conversation = me["conversations"]["nodes"][0]
    for secret in ("example.com", me["me"]["name"], me["me"]["id"], id_, conversation["organization"]["id"]):
        assert secret not in answer.text
    assert decode_id(id_, Conversation).hex not in answer.text


async def test_a_link_ends_by_being_taken_back_replaced_expired_or_deleted_all_in_the_same_words(app: App) -> None:
    ann = await app.person()
    id_ = await create_conversation(ann)
    wrong = await open_link(ann, f"/s/{'x' * 43}")
    assert (wrong.status_code, wrong.headers["x-robots-tag"]) == (404, "noindex, nofollow, noarchive")
    replaced = await share(ann, id_)
    revoked = await share(ann, id_)
    assert replaced != revoked
    assert (await open_link(ann, revoked)).status_code == 200
    assert (await open_link(ann, replaced)).text == wrong.text
    await ann.mutate("unshareConversation", "{ conversation { shareUrl } }", conversationId=id_)
    assert (await ann.run(LINK, id=id_))["conversation"] == {"shareUrl": None}
    expired = await share(ann, id_)
    await change(app, expires_at=now() - timedelta(seconds=1))
    assert (await ann.run(LINK, id=id_))["conversation"] == {"shareUrl": None}
    deleted = await share(ann, id_)
    await ann.mutate("deleteConversation", "{ deletedId }", id=id_)
    for url in (revoked, expired, deleted, "/s/", "/s/x", f"/s/{'é' * 43}"):
        answer = await open_link(ann, url)
        assert answer.status_code == 404
        assert url == "/s/" or answer.text == wrong.text


async def change(app: App, **values: Any) -> None:
    """Set columns of every active share."""

    def unit(session: Session) -> None:
        for row in session.scalars(select(Share)):
            for name, value in values.items():
                setattr(row, name, value)

    await app.backend.database.write(unit, SYSTEM)


async def test_only_users_with_write_access_share_a_conversation(app: App) -> None:
    ann, bob, eve = await app.person("ann"), await app.person("bob"), await app.person("eve")
    organization = await app.organization(ann, bob)
    begun = await ann.mutate(
        "createConversation", "{ conversation { id } }", organizationId=organization, visibility="ORGANIZATION"
    )
    id_ = begun["conversation"]["id"]
    assert (await ann.refused("shareConversation", conversationId=id_))["extensions"]["code"] == "CONFLICT"
    await create_conversation(ann, conversation=id_)
    for name in ("shareConversation", "unshareConversation"):
        assert (await eve.refused(name, conversationId=id_))["extensions"]["code"] == "NOT_FOUND"
        assert (await bob.refused(name, conversationId=id_))["extensions"]["code"] == "FORBIDDEN"
    assert (await ann.run(LINK, id=id_))["conversation"] == {"shareUrl": None}
    url = await share(ann, id_)
    assert (await bob.run(LINK, id=id_))["conversation"] == {"shareUrl": url}
    assert (await eve.run(LINK, id=id_))["conversation"] is None
    other = await create_conversation(eve)
    leaf = await eve.run("query M($id: ID!) { conversation(id: $id) { messages { nodes { id } } } }", id=other)
    foreign = leaf["conversation"]["messages"]["nodes"][0]["id"]
    error = await ann.refused("shareConversation", conversationId=id_, leafId=foreign)
    assert error["extensions"]["code"] == "NOT_FOUND"
    for days in (0, 366):
        error = await ann.refused("shareConversation", conversationId=id_, expiresInDays=days)
        assert error["extensions"]["fieldErrors"][0]["field"] == "expiresInDays"
    assert (await open_link(ann, url)).status_code == 200


async def test_a_chosen_branch_is_shared_once_for_a_key_and_large_ones_are_cut(app: App) -> None:
    ann = await app.person()
    id_ = await create_conversation(ann, "First")
    await create_conversation(ann, "Second", id_)
    nodes = await ann.run("query M($id: ID!) { conversation(id: $id) { messages { nodes { id } } } }", id=id_)
    leaf = nodes["conversation"]["messages"]["nodes"][1]["id"]
    url = await share(ann, id_, leafId=leaf, idempotencyKey="once")
    assert await share(ann, id_, leafId=leaf, idempotencyKey="once") == url
    text = (await open_link(ann, url)).text
    assert ("First" in text, "Second" in text) == (True, False)
    columns = [{"name": "N", "type": "INTEGER"}]
    created = await ann.mutate("createTable", "{ table { id } }", name="Long", columns=columns, conversationId=id_)
    table_id = created["table"]["id"]
    rows = [{"N": number} for number in range(201)]
    await ann.mutate("addRows", "{ table { id } }", tableId=table_id, rows=rows)
    text = (await open_link(ann, await share(ann, id_))).text
    assert "The first 200 of 201 rows." in text
    assert ">199<" in text
    assert ">200<" not in text


async def test_links_outlive_a_new_key_and_are_shown_while_the_old_one_is_known(
    sqlite_url: str, tmp_path: Path
) -> None:
    keys = ["the first key that is long enough to sign", "the second key that is long enough to sign"]
    async with open_app(sqlite_url, tmp_path, secret_key=keys[0], public_url="https://sheets.example/") as app:
        ann = await app.person()
        id_ = await create_conversation(ann)
        url = await share(ann, id_)
        assert url.startswith("https://sheets.example/s/")
    async with open_app(sqlite_url, tmp_path, secret_key=keys[1], secret_keys_previous=keys[0]) as app:
        ann = app.client()
        await log_in(ann)
        path = url.removeprefix("https://sheets.example")
        assert (await ann.run(LINK, id=id_))["conversation"] == {"shareUrl": path}
    async with open_app(sqlite_url, tmp_path, secret_key=keys[1]) as app:
        ann = app.client()
        await log_in(ann)
        assert (await ann.run(LINK, id=id_))["conversation"] == {"shareUrl": None}
        assert (await open_link(ann, path)).status_code == 200


async def log_in(client: Client) -> None:
    arguments = {"email": "ann@example.com", "password": "correct horse battery"}
    client.token = (await client.mutate("logIn", "{ session { accessToken } }", **arguments))["session"]["accessToken"]
