"""Compression: of large results of queries, and of nothing else."""

import gzip
import time
from typing import Any

import brotli
import pytest
import zstandard

from tests.support.app import App, open_app
from tests.support.client import Client

TYPES = "{ __schema { types { name description fields { name description } } } }"
DECODERS: dict[str, Any] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
    "": lambda body: body,
}


async def raw(client: Client, query: str, coding: str | None, **headers: str) -> tuple[Any, bytes]:
    """Return the response of a query and its body as it was sent."""
    headers = {**client.headers, **headers, "Accept-Encoding": coding or ""}
    body = {"query": query}
    async with client.http.stream("POST", f"{client.url}/graphql", json=body, headers=headers) as response:
        return response, b"".join([part async for part in response.aiter_raw()])


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0, br;q=0, gzip;q=0", ""),
        ("identity", ""),
        ("deflate", ""),
        ("", ""),
        ("nonsense;q=x, ,;", ""),
    ],
)
@pytest.mark.parametrize("media", ["application/json", "application/graphql-response+json"])
async def test_a_large_result_is_compressed_as_the_client_accepts(
    fast_app: App, accepted: str, coding: str, media: str
) -> None:
    plain_response, plain = await raw(fast_app.client(), TYPES, None, Accept=media)
    response, body = await raw(fast_app.client(), TYPES, accepted, Accept=media)
    assert response.headers.get("content-encoding", "") == coding
    assert response.headers["content-type"] == plain_response.headers["content-type"] == f"{media}; charset=utf-8"
    assert int(response.headers["content-length"]) == len(body)
    assert DECODERS[coding](body) == plain
    if coding:
        assert len(body) < len(plain) / 3
        assert {part.strip().lower() for part in response.headers["vary"].split(",")} == {"accept", "accept-encoding"}


async def test_small_results_mutations_errors_and_streams_are_not_compressed(fast_app: App) -> None:
    ann = await fast_app.person()
    name = "x" * 90
    field = f'updateProfile(input: {{firstName: "{name}"}}) {{ user {{ id email name }} }}'
    mutation = "mutation { " + " ".join(f"a{n}: {field}" for n in range(12)) + " }"
    for query, accept in (
        ("{ me { email } }", "application/json"),
        (mutation, "application/json"),
        ("{ " + " ".join(f"unknown{n}" + "x" * 60 for n in range(12)) + " }", "application/json"),
        (TYPES, "text/event-stream"),
    ):
        response, body = await raw(ann, query, "gzip, br, zstd", Accept=accept)
        assert "content-encoding" not in response.headers, query[:40]
        assert body[:1] in b"{e"
        assert len(body) > 1000 or query.startswith("{ me")


async def test_compression_can_be_turned_off(sqlite_url: str, tmp_path: Any) -> None:
    async with open_app(sqlite_url, tmp_path, compression=False) as app:
        response, body = await raw(app.client(), TYPES, "gzip")
    assert "content-encoding" not in response.headers
    assert len(body) > 10_000


async def test_a_megabyte_holds_the_loop_for_a_moment_only(fast_app: App) -> None:
    """The level is a compromise; the bound is wide, because test machines are slow."""
    _, plain = await raw(fast_app.client(), TYPES, None)
    for coding, name in (("zstd", "zstd"), ("br", "br"), ("gzip", "gzip")):
        started = time.process_time()
        response, _ = await raw(fast_app.client(), TYPES, coding)
        assert response.headers["content-encoding"] == name
        assert time.process_time() - started < 1.0
    assert len(plain) > 50_000
