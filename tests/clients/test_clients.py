"""Node clients as front ends use them: the audits of GraphQL over HTTP, graphql-ws and graphql-sse."""

from typing import Any

FOLLOWED = {"status": "COMPLETED", "whole": True}


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
