"""Node clients as front ends use them: audits, sockets, streams, normalized caches, compilers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.processes.node_clients import Clients

FOLLOWED = {"status": "COMPLETED", "whole": True}
# The socket of the token that expired was closed so that the client signed in again.
EXPIRED = {**FOLLOWED, "closings": [4403]}
TITLES = {"first": ["three", "two"], "both": ["three", "two", "one"], "updated": True}


# Since 2025 a client that names no media type gets application/graphql-response+json; these two audits are older.
OLD_AUDITS = {"47DE", "80D8"}


def test_the_server_keeps_to_graphql_over_http(report: Any) -> None:
    counts = report["audits"]["counts"]
    assert counts["MUST"]["ok"] == counts["MUST"]["all"] >= 13
    assert counts["SHOULD"]["all"] - counts["SHOULD"]["ok"] <= len(OLD_AUDITS)
    failed = [each for each in report["audits"]["failed"] if each.split(" ")[1] in {"MUST", "SHOULD"}]
    assert [each for each in failed if each.split(" ")[0] not in OLD_AUDITS] == []


def test_graphql_ws_runs_operations_and_follows_a_reply(report: Any) -> None:
    assert report["webSocket"] == {"email": "ann@example.com", "item": "Call", "followed": FOLLOWED}


def test_graphql_sse_runs_operations_and_follows_a_reply(report: Any) -> None:
    assert report["serverSentEvents"] == {"email": "ann@example.com", "followed": FOLLOWED}


def test_apollo_client_pages_updates_its_cache_and_follows_a_reply_over_an_expired_token(clients: Clients) -> None:
    report = clients.run("apollo.mjs", clients.session("apollo"))
    assert {name: report[name] for name in TITLES} == TITLES
    assert report["after"] == ["four", "three", "two", "one"]
    assert report["followed"] == EXPIRED
    assert report["multipart"] == 1
    # Each document is sent once, after its hash was not known.
    assert report["persisted"]["total"] > report["persisted"]["withQuery"] == 3


def test_urql_pages_updates_its_cache_and_follows_a_reply_over_an_expired_token(clients: Clients) -> None:
    report = clients.run("urql.mjs", clients.session("urql"))
    assert {name: report[name] for name in TITLES} == TITLES
    assert report["requestsOfUpdate"] == 1  # the mutation: the list is from the cache
    assert report["byGet"]
    assert report["followed"] == EXPIRED


def test_relay_pages_updates_its_store_and_follows_a_reply_over_an_expired_token(clients: Clients) -> None:
    """Its compiler checks the documents against the schema, and the server knows them by their ids."""
    report = clients.run("relay.mjs", clients.session("relay"), str(clients.folder))
    assert {name: report[name] for name in TITLES} == TITLES
    assert report["after"] == ["four", "three", "two", "one"]
    assert report["node"] == "Item"
    assert report["followed"] == EXPIRED


def test_generated_types_are_strict(compiled: Callable[..., Path]) -> None:
    compiled("typed", "graphql-codegen", "--config", "codegen.json")
    folder = compiled("typed", "tsc", "--project", "tsconfig.json")
    assert (folder / "generated" / "persisted-documents.json").exists()
