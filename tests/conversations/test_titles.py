"""Titles: first cut from the text, written by a model after the first exchange, never replacing a person's choice."""

import json
from pathlib import Path

import pytest

from db.conversations.title_text import title_of_message
from db.conversations.titles import clean
from tests.support.app import open_app
from tests.support.client import Client
from tests.support.loopback.provider_faults import chunk, error, events, fault_server, usage
from tests.support.processes.waiting import until
from tests.support.scripted_llm import finished_reply, send

REPLY = events(chunk("Rent is 1200."), chunk(finish="stop"), usage(10, 5), "[DONE]")
TITLE = events(chunk('"Rent of '), chunk('the flat"\n'), chunk(finish="stop"), usage(20, 7), "[DONE]")
READ = "query T($id: ID!) { conversation(id: $id) { title usage { totalTokens } } }"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Rent of the flat", "Rent of the flat"),
        ("\n  Title: **“Rent of  the flat.”**\nBecause …", "Rent of the flat"),
        ("", ""),
        ("\x00\n", ""),
        ("x" * 81, ""),
    ],
)
def test_titles_from_a_model_are_cleaned(text: str, title: str) -> None:
    assert clean(text) == title


async def read_title(client: Client, id_: str) -> tuple[str, int]:
    """Return the title and the total tokens of a conversation."""
    result = (await client.run(READ, id=id_))["conversation"]
    return result["title"], result["usage"]["totalTokens"]


async def test_a_model_names_a_conversation_once_and_never_one_that_a_person_named(
    database_url: str, tmp_path: Path
) -> None:
    async with fault_server(REPLY, TITLE, REPLY, REPLY) as server:
        profile = {"name": "p", "base_url": server.base_url, "models": ["m"]}
        async with open_app(database_url, tmp_path, title_source="model", llm_profiles=json.dumps([profile])) as app:
            ann = await app.person()
            sent = await send(ann, "What is the rent?")
            id_ = sent["conversation"]["id"]
            await finished_reply(app, ann, sent["reply"]["id"])

            async def is_named() -> bool:
                return (await read_title(ann, id_))[0] == "Rent of the flat"

            await until(is_named)
            assert await read_title(ann, id_) == ("Rent of the flat", 42)
            assert server.exchanges[1].body["max_tokens"] == 300
            assert server.exchanges[1].body["messages"][1]["content"] == "What is the rent?\n\nRent is 1200."
            await finished_reply(app, ann, (await send(ann, "And now?", conversationId=id_))["reply"]["id"])

            payload = await ann.mutate("createConversation", "{ conversation { id } }", title="My own")
            own = payload["conversation"]["id"]
            await finished_reply(app, ann, (await send(ann, conversationId=own))["reply"]["id"])
            assert await read_title(ann, own) == ("My own", 15)
            assert len(server.exchanges) == 4


async def test_a_model_that_cannot_leaves_the_title_of_the_text(database_url: str, tmp_path: Path) -> None:
    async with fault_server(REPLY, error(401, "no"), REPLY) as server:
        profile = {"name": "p", "base_url": server.base_url, "models": ["m"]}
        async with open_app(database_url, tmp_path, title_source="model", llm_profiles=json.dumps([profile])) as app:
            ann = await app.person()
            sent = await send(ann, "What is the rent?")
            await finished_reply(app, ann, sent["reply"]["id"])

            async def is_tried() -> bool:
                return len(server.exchanges) == 2

            await until(is_tried)
            assert await read_title(ann, sent["conversation"]["id"]) == ("What is the rent?", 15)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("From: Bob <bob@acme.test>\nTo: me\nSubject: RE: FW: order of parts\n\n> 2 x bolt", "order of parts"),
        ("Betreff: AW: **Rechnung**\n\nHallo", "Rechnung"),
        ("> old words\n\nMake rows of this, please", "Make rows of this, please"),
        ("a\tb\tc\n1\t2\t3\n\nPage 2 of 3\n\na\tb\tc\n4\t5\t6", ""),
    ],
)
def test_a_mail_is_named_by_its_subject_and_a_paste_not_by_its_marks(text: str, title: str) -> None:
    assert title_of_message(text) == title
