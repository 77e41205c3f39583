"""Attachments of messages: stored and read once, visible with the message, deleted with its last copy."""

import asyncio
import io
import json
import os
from base64 import b64encode
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from openpyxl import Workbook

from db.core.base import now
from tests.support.app import App, open_app
from tests.support.client import Client, Refused
from tests.support.loopback.images import GIF, JPEG, PNG, WEBP
from tests.support.loopback.pdfs import pdf
from tests.support.scripted_llm import ScriptedLLM

CSV = "item,price\nink,3.50\npen,1.20\n"
SENT = """{ conversation { id tables { nodes { name columns { name type } rows(first: 10) { nodes { values
    cells { text source { quote start end grounding message { id } attachment { name text } } } } } } } }
  message { id attachments { id name contentType size url text } } reply { id status text } }"""


async def send(client: Client, *files: tuple[str, bytes | str], text: str = "See the file.", **arguments: Any) -> Any:
    contents = {f"attachments.{n}": (name, content.encode() if isinstance(content, str) else content)
                for n, (name, content) in enumerate(files)}  # fmt: skip
    return await client.upload(
        "sendMessage", SENT, contents, text=text, wait=True, attachments=[None] * len(files), **arguments
    )


async def refused(client: Client, *files: tuple[str, bytes | str], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(Refused) as refusal:
        await send(client, *files, **arguments)
    (error,) = refusal.value.errors
    return error["extensions"]["code"], error["message"]


def blobs(app: App) -> list[str]:
    directory = app.backend.settings.files_dir / "attachments"
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def workbook() -> bytes:
    book, target = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Prices"
    for row in (["item", "price", "when"], ["ink", 3.5, date(2026, 1, 31)], ["pen", 1.2, date(2026, 2, 1)]):
        sheet.append(row)
    book.save(target)
    return target.getvalue()


async def test_a_table_in_a_file_becomes_a_table_as_if_it_had_been_pasted(app: App) -> None:
    ann = await app.person()
    sent = await send(ann, ("../../prices.csv", CSV))
    (attachment,) = sent["message"]["attachments"]
    assert (attachment["name"], attachment["contentType"], attachment["size"]) == ("prices.csv", "text/csv", len(CSV))
    assert attachment["text"] == CSV
    (table,) = sent["conversation"]["tables"]["nodes"]
    assert (table["name"], table["columns"]) == (
        "prices",
        [{"name": "item", "type": "TEXT"}, {"name": "price", "type": "DECIMAL"}],
    )
    assert [row["values"] for row in table["rows"]["nodes"]] == [
        {"c1": "ink", "c2": "3.50"},
        {"c1": "pen", "c2": "1.20"},
    ]
    for row in table["rows"]["nodes"]:
        for cell in row["cells"]:
            source = cell["source"]
            assert source["grounding"] == "EXACT"
            assert source["message"] == {"id": sent["message"]["id"]}
            assert source["attachment"]["text"][source["start"] : source["end"]] == source["quote"] == cell["text"]


async def test_every_kind_of_file_is_detected_from_the_content_and_read_once(app: App) -> None:
    ann = await app.person()
    files: list[tuple[str, bytes | str]] = [
        ("notes.md", "# Notes\n"),
        ("data.txt", '{"a": [1]}'),
        ("grüße.txt", "Grüße aus Köln".encode("cp1252")),
        ("prices.pdf", workbook()),
        ("page.png", pdf("Hello page")),
        *[(f"{n}.exe", image) for n, image in enumerate((PNG, JPEG, WEBP, GIF))],
    ]
    sent = await send(ann, *files, text="Many")
    assert [(a["contentType"], a["text"]) for a in sent["message"]["attachments"]] == [
        ("text/markdown", "# Notes\n"),
        ("application/json", '{"a": [1]}'),
        ("text/plain", "Grüße aus Köln"),
        (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "\n".join(
                [
                    "Prices\n",
                    "| item | price | when |",
                    "| --- | --- | --- |",
                    "| ink | 3.5 | 2026-01-31 |",
                    "| pen | 1.2 | 2026-02-01 |",
                ]
            ),
        ),
        ("application/pdf", "Hello page"),
        *[(kind, None) for kind in ("image/png", "image/jpeg", "image/webp", "image/gif")],
    ]
    assert len(blobs(app)) == len(files)


async def test_a_file_that_is_not_taken_leaves_nothing_behind(app: App) -> None:
    ann = await app.person()
    exe = b"MZ" + bytes(200)
    code, message = await refused(ann, ("a.csv", CSV), ("b.csv", exe))
    assert code == "BAD_USER_INPUT"
    assert message.startswith("b.csv: The file ")
    assert message.endswith("Send text, Markdown, CSV, JSON, HTML, XLSX, ODS, PDF, or an image (PNG, JPEG, WebP, GIF).")
    assert await refused(ann, ("a.csv", ""), text="x") == (
        "BAD_USER_INPUT",
        "a.csv: The file is empty. Send a file with content.",
    )
    assert (await refused(ann, ("a.csv", CSV), text=" "))[0] == "BAD_USER_INPUT"
    assert blobs(app) == []
    assert (await ann.run("{ conversations { totalCount } }"))["conversations"]["totalCount"] == 0


async def test_the_same_key_again_keeps_the_files_once(app: App) -> None:
    ann = await app.person()
    sent = [await send(ann, ("a.csv", CSV), idempotencyKey="k") for _ in range(3)]
    assert len({exchange["message"]["id"] for exchange in sent}) == 1
    assert [len(exchange["message"]["attachments"]) for exchange in sent] == [1, 1, 1]
    assert len(blobs(app)) == 1


async def test_an_attachment_is_seen_and_downloaded_with_its_message(app: App) -> None:
    ann, eve = await app.person("ann"), await app.person("eve")
    sent = await send(ann, ('a"b é.csv', CSV))
    (attachment,) = sent["message"]["attachments"]
    answer = await ann.http.get(f"http://site{attachment['url']}")
    assert (answer.status_code, answer.text) == (200, CSV)
    whole = f"filename*=UTF-8''{quote(attachment['name'])}"
    assert answer.headers["content-disposition"] == f'attachment; filename="a_b e.csv"; {whole}'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].startswith("text/csv")
    forged = attachment["url"].replace(".csv/", ".gif/", 1)
    assert (await ann.http.get(f"http://site{forged}")).status_code == 403
    query = "query A($id: ID!, $m: ID!) { node(id: $id) { id } message(id: $m) { attachments { id } } }"
    seen = await ann.run(query, id=attachment["id"], m=sent["message"]["id"])
    assert seen == {"node": {"id": attachment["id"]}, "message": {"attachments": [{"id": attachment["id"]}]}}
    assert await eve.run(query, id=attachment["id"], m=sent["message"]["id"]) == {"node": None, "message": None}


async def test_an_edited_or_copied_message_keeps_its_files(app: App) -> None:
    ann = await app.person()
    sent = await send(ann, ("a.csv", CSV))
    edited = await ann.mutate(
        "editMessage", "{ message { attachments { name text } } }", messageId=sent["message"]["id"], text="Again"
    )
    assert edited["message"]["attachments"] == [{"name": "a.csv", "text": CSV}]
    fork = await ann.mutate(
        "forkConversation",
        "{ conversation { messages(first: 1) { nodes { attachments { name text } } } } }",
        id=sent["conversation"]["id"],
        messageId=sent["reply"]["id"],
    )
    assert fork["conversation"]["messages"]["nodes"] == [edited["message"]]
    assert len(blobs(app)) == 1


async def test_contents_that_no_message_has_are_swept(app: App) -> None:
    ann = await app.person()
    await send(ann, ("a.csv", CSV))
    (remaining,) = blobs(app)
    stored = app.backend.blobs
    for id_ in (UUID(int=1), UUID(int=2)):
        await asyncio.to_thread(stored.put, id_, io.BytesIO(b"orphan"))
    directory = app.backend.settings.files_dir / "attachments"
    old = (now() - timedelta(hours=2)).timestamp()
    for name in (remaining, UUID(int=1).hex):
        os.utime(directory / name, (old, old))
    assert await app.product.sweep.sweep() == 1
    assert blobs(app) == sorted([remaining, UUID(int=2).hex])


async def test_attachments_cost_the_same_reads_however_many_there_are(app: App) -> None:
    ann = await app.person()
    few = (await send(ann, ("a.txt", "a")))["conversation"]["id"]
    many = (await send(ann, *[(f"{n}.txt", "a") for n in range(5)]))["conversation"]["id"]
    await send(ann, ("b.txt", "b"), conversationId=many)
    query = """query M($id: ID!) { conversation(id: $id) { messages(first: 100) { nodes {
        attachments { name url text } } } } }"""

    async def reads(id: str) -> int:
        app.reads.clear()
        await ann.run(query, id=id)
        return len(app.reads)

    assert await reads(few) == await reads(many)


async def test_a_model_is_sent_the_text_of_the_files(llm_app: App, scripted_llm: ScriptedLLM) -> None:
    ann = await llm_app.person()
    scripted_llm.say("Fine.")
    scripted_llm.finish()
    await send(ann, ("a.csv", CSV), ("long.txt", "x" * 500), text="What is this?")
    text = scripted_llm.requests[0]["messages"][-1]["content"]
    assert text == f"Attached file a.csv:\n{CSV}\n\nAttached file long.txt:\n{'x' * 500}\n\nWhat is this?"


async def test_images_go_to_a_model_that_sees_and_to_no_other(
    scripted_llm: ScriptedLLM, database_url: str, tmp_path: Path
) -> None:
    models = [{"name": "sees", "capabilities": {"images": True}}, "reads"]
    profile = {"name": "p", "base_url": scripted_llm.server.base_url, "api_key": "k", "models": models}
    async with open_app(database_url, tmp_path, llm_profiles=json.dumps([profile])) as app:
        ann = await app.person()
        for model in ("sees", "reads"):
            scripted_llm.say("A dot.")
            scripted_llm.finish()
            await send(ann, ("dot.png", PNG), ("a.csv", CSV), text="What is this?", model=model)
    seen, read = (requested["messages"][-1]["content"] for requested in scripted_llm.requests)
    assert read == f"Attached file a.csv:\n{CSV}\n\nWhat is this?"
    url = f"data:image/png;base64,{b64encode(PNG).decode()}"
    assert seen == [{"type": "text", "text": read}, {"type": "image_url", "image_url": {"url": url}}]
