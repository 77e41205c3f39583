"""The log of a real server: requests are in it, the secrets that their addresses carry are not."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from tests.support.client import Client
from tests.support.processes.product_process import running
from transport.core.logs import SECRET_SEGMENT

CODE = "4/0AX4XfWh-oauth-code-that-google-sent"


async def use(url: str) -> list[str]:
    """Use links with secrets in many ways, right and wrong ones, and return the secrets."""
    async with httpx.AsyncClient(timeout=30) as http:
        ann = Client(url, http)
        signed = (await ann.sign_up("ann@example.com"))["session"]
        sent = await ann.upload(
            "sendMessage",
            "{ conversation { id } message { attachments { url } } }",
            {"attachments.0": ("a.txt", b"Hi")},
            text="Hello",
            attachments=[None],
            wait=True,
        )
        shared = await ann.mutate("shareConversation", "{ shareUrl }", conversationId=sent["conversation"]["id"])
        token = shared["shareUrl"].rpartition("/")[2]
        download = sent["message"]["attachments"][0]["url"]
        signature = download.partition("signature=")[2]
        assert (await http.get(url + shared["shareUrl"])).status_code == 200
        assert (await http.get(url + download)).status_code == 200
        for path in (
            f"/s/{token}/",
            f"/s/x{token[1:]}",
            f"//s/{token}",
            f"/share/{token}",
            f"/oauth/google?code={CODE}&state={token}",
            download.replace("/attachments/", "/attachments/x"),
            f"/graphql?query={{me{{id}}}}&token={token}",
        ):
            await http.get(url + path)
            await http.post(url + path, content=b"x" * 10, headers={"Content-Type": "application/json"})
        for path in (f"/graphql?access_token={token}", f"/s/{token}", download):
            await open_socket(url.replace("http", "ws", 1) + path)
        refreshed = await ann.mutate(
            "refreshSession", "{ session { refreshToken } }", refreshToken=signed["refreshToken"]
        )
        tokens = [signed["accessToken"], signed["refreshToken"], refreshed["session"]["refreshToken"]]
        return [token, token[1:], signature, CODE, *tokens]


async def open_socket(url: str) -> None:
    try:
        async with websockets.connect(url, subprotocols=[websockets.Subprotocol("graphql-transport-ws")]) as socket:
            await socket.send("{")
            await socket.recv()
    except (websockets.WebSocketException, OSError):
        return


def test_no_secret_of_an_address_is_in_the_log(tmp_path: Path) -> None:
    with running(tmp_path, LOG_LEVEL="DEBUG") as product:
        secrets = asyncio.run(use(product.url))
        product.stop()
        log = "\n".join(product.lines)
    assert '"path":"/s/…"' in log
    assert log.count('"path"') > 15
    assert [secret for secret in secrets if secret in log] == []


PATHS: list[tuple[str, Any]] = [
    ("/graphql", "/graphql"),
    ("/s/abc", "/s/…"),
    ("/s/abc/d", "/s/…"),
    ("/exports/" + "0" * 32 + "/Costs of the year.csv", "/exports/" + "0" * 32 + "/Costs of the year.csv"),
    ("/x/" + "a-_" * 15, "/x/…"),
    ("/x/" + "a" * 43 + ".html/y", "/x/…/y"),
]


@pytest.mark.parametrize(("path", "displayed"), PATHS)
def test_a_path_is_shown_without_what_may_be_a_token(path: str, displayed: str) -> None:
    assert SECRET_SEGMENT.sub("…", path) == displayed
