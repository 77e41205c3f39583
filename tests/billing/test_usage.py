"""Costs of models: recorded for each reply, totalled for conversations, users and organizations, and limited."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from db.billing.usage import ModelTerms
from db.core.base import now
from db.models.budgets import month_after, month_of
from db.models.usage import Tokens
from tests.support.app import App, open_app
from tests.support.client import Client
from tests.support.loopback.provider_faults import FaultServer, Play, chunk, events, events_then_silence, fault_server
from tests.support.scripted_llm import finished_reply, send

MILLION = 1_000_000
PRICES = [{"input": "3", "cached": "0.3", "output": "15", "reasoning": "20"}]
COUNTS = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
DETAILS = {"prompt_tokens_details": {"cached_tokens": 400}, "completion_tokens_details": {"reasoning_tokens": 50}}
USAGE = "inputTokens cachedTokens outputTokens reasoningTokens totalTokens cost estimated"
WHOLE = events(chunk("Hi"), chunk(finish="stop"), json.dumps({"choices": [], "usage": COUNTS | DETAILS}), "[DONE]")
# 600 × 3 + 400 × 0.3 + 150 × 15 + 50 × 20, for a million each
COST = "0.00517"
SPENT = {
    "inputTokens": 1000,
    "cachedTokens": 400,
    "outputTokens": 200,
    "reasoningTokens": 50,
    "totalTokens": 1200,
    "cost": COST,
    "estimated": False,
}
NOTHING = dict.fromkeys(SPENT, 0) | {"cost": "0", "estimated": False}
BUDGET = "{ organization { budget { limit spent reserved unit period resetsAt hard } } }"


@asynccontextmanager
async def priced(database_url: str, directory: Path, play: Play = WHOLE) -> AsyncIterator[tuple[App, FaultServer]]:
    """Run a site whose only model has prices."""
    async with fault_server(play) as server:
        profile = {"name": "p", "base_url": server.base_url, "models": ["m"], "prices": PRICES, "max_output": 1000}
        async with open_app(database_url, directory, llm_profiles=json.dumps([profile])) as app:
            yield app, server


async def conversation_in(client: Client, organization: str) -> str:
    payload = await client.mutate("createConversation", "{ conversation { id } }", organizationId=organization)
    id_: str = payload["conversation"]["id"]
    return id_


def test_a_cost_is_exact_and_cached_tokens_and_those_of_reasoning_have_their_own_price() -> None:
    terms = ModelTerms(1000, 1000, Decimal(3), Decimal("0.3"), Decimal(15), Decimal(20))
    assert terms.cost(Tokens(1000, 200, 400, 50)) == 5_170_000
    assert terms.cost(Tokens(1, 0, 0, 0)) == 3_000
    assert ModelTerms(1000, 1000, Decimal("0.0375")).cost(Tokens(1)) == 38
    assert ModelTerms(1000, 1000).cost(Tokens(MILLION, MILLION)) == 0


def test_a_month_ends_where_the_next_begins() -> None:
    zone = datetime(2026, 1, 1, 1, tzinfo=UTC).astimezone()
    assert month_of(zone) == datetime(2026, 1, 1, tzinfo=UTC)
    assert month_after(datetime(2025, 12, 31, 23, 59, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)


async def test_costs_of_replies_are_totalled_for_conversation_user_and_organization(
    database_url: str, tmp_path: Path
) -> None:
    async with priced(database_url, tmp_path) as (app, _):
        ann, bob, eve = [await app.person(name) for name in ("ann", "bob", "eve")]
        shared = await app.organization(ann, bob)
        id_ = await conversation_in(bob, shared)
        sent = await send(bob, conversationId=id_)
        await finished_reply(app, bob, sent["reply"]["id"])
        await finished_reply(app, bob, (await send(bob))["reply"]["id"])

        message = f"query U($id: ID!) {{ message(id: $id) {{ usage {{ {USAGE} }} }} }}"
        assert (await bob.run(message, id=sent["reply"]["id"]))["message"]["usage"] == SPENT
        app.reads.clear()
        lists = f"{{ conversations {{ nodes {{ usage {{ {USAGE} }} }} }} }}"
        nodes = (await bob.run(lists))["conversations"]["nodes"]
        assert nodes == [{"usage": SPENT}, {"usage": SPENT}]

        usage = f"usage(from: $from, to: $to) {{ {USAGE} }}"
        organization = f"query O($id: ID!, $from: DateTime, $to: DateTime) {{ organization(id: $id) {{ {usage} }} }}"
        tomorrow = (now() + timedelta(days=1)).isoformat()

        async def of(client: Client, **period: str) -> Any:
            return ((await client.run(organization, id=shared, **period))["organization"] or {}).get("usage")

        assert await of(ann) == await of(bob) == SPENT
        assert (await of(ann, to=tomorrow), await of(ann, **{"from": tomorrow})) == (SPENT, NOTHING)
        assert await of(eve) is None
        mine = f"{{ me {{ usage {{ {USAGE} }} }} }}"
        twice = (await bob.run(mine))["me"]["usage"]
        assert (twice["totalTokens"], twice["cost"], twice["estimated"]) == (2400, "0.01034", False)
        assert (await ann.run(mine))["me"]["usage"] == NOTHING


async def test_a_budget_is_set_by_admins_and_seen_by_members(database_url: str, tmp_path: Path) -> None:
    async with priced(database_url, tmp_path) as (app, server):
        ann, bob = await app.person("ann"), await app.person("bob")
        shared = await app.organization(ann, bob)
        await finished_reply(
            app, bob, (await send(bob, conversationId=await conversation_in(bob, shared)))["reply"]["id"]
        )
        denied = await bob.refused("setBudget", organizationId=shared, limit="5")
        assert denied["extensions"]["code"] == "FORBIDDEN"
        query = "query B($id: ID!) { organization(id: $id) { budget { limit spent unit hard } } }"
        assert (await bob.run(query, id=shared))["organization"] == {"budget": None}
        for wrong in ("-1", "NaN", "1e-10", "1e30"):
            refused = await ann.refused("setBudget", organizationId=shared, limit=wrong)
            assert refused["extensions"]["code"] == "BAD_USER_INPUT"
        refused = await ann.refused("setBudget", organizationId=shared, limit="0.5", unit="TOKENS")
        assert refused["extensions"]["fieldErrors"][0]["field"] == "limit"

        set_ = await ann.mutate("setBudget", BUDGET, organizationId=shared, limit="0.0052")
        assert set_["organization"]["budget"] == {
            "limit": "0.0052",
            "spent": COST,
            "reserved": "0",
            "unit": "MONEY",
            "period": f"{now():%Y-%m}",
            "resetsAt": month_after(now()).isoformat(),
            "hard": True,
        }
        assert (await bob.run(query, id=shared))["organization"]["budget"]["spent"] == COST
        id_ = await conversation_in(bob, shared)
        refused = await bob.refused("sendMessage", text="More", conversationId=id_)
        assert refused["extensions"]["code"] == "BUDGET_EXCEEDED"
        assert refused["extensions"]["resetsAt"] == month_after(now()).isoformat()
        assert len(server.exchanges) == 1
        count = "query C($id: ID!) { conversation(id: $id) { messageCount messages { totalCount } } }"
        assert (await bob.run(count, id=id_))["conversation"] == {"messageCount": 0, "messages": {"totalCount": 0}}

        set_ = await ann.mutate("setBudget", BUDGET, organizationId=shared, limit="1201", unit="TOKENS", hard=False)
        assert set_["organization"]["budget"]["spent"] == "1200"
        await finished_reply(app, bob, (await send(bob, conversationId=id_))["reply"]["id"])
        messages = "{ notifications(first: 5) { nodes { kind title } } }"
        (notice,) = (await ann.run(messages))["notifications"]["nodes"]
        assert (notice["kind"], "has used 199 % of its budget" in notice["title"]) == ("BUDGET_SPENT", True)
        assert [
            one["kind"] for one in (await bob.run(messages))["notifications"]["nodes"] if "BUDGET" in one["kind"]
        ] == []
        gone = await ann.mutate("setBudget", BUDGET, organizationId=shared)
        assert gone == {"organization": {"budget": None}}


async def test_of_fifty_messages_at_once_no_more_pass_than_the_budget_has_room_for(
    database_url: str, tmp_path: Path
) -> None:
    async with priced(database_url, tmp_path, events_then_silence(chunk("Hi"))) as (app, _):
        ann = await app.person()
        shared = await app.organization(ann)
        conversations = [await conversation_in(ann, shared) for _ in range(50)]
        first = await send(ann, "Hi", conversationId=await conversation_in(ann, shared))
        budget = await ann.mutate("setBudget", BUDGET, organizationId=shared, limit=str(10**6), unit="TOKENS")
        one = int(budget["organization"]["budget"]["reserved"])
        assert one > 1000
        await ann.mutate("setBudget", BUDGET, organizationId=shared, limit=str(one * 11 + one // 2), unit="TOKENS")

        async def sent(id_: str) -> bool:
            refused = await ann.http.post(
                f"{ann.url}/graphql",
                headers=ann.headers,
                json={
                    "query": "mutation S($i: SendMessageInput!) { sendMessage(input: $i) { reply { id } } }",
                    "variables": {"i": {"text": "Hi", "conversationId": id_}},
                },
            )
            answer = refused.json()
            if answer.get("errors"):
                assert [error["extensions"]["code"] for error in answer["errors"]] == ["BUDGET_EXCEEDED"]
            return "errors" not in answer

        passed = await asyncio.gather(*map(sent, conversations))
        assert sum(passed) == 10
        again = await ann.mutate("setBudget", BUDGET, organizationId=shared, limit=str(one * 20), unit="TOKENS")
        assert again["organization"]["budget"]["reserved"] == str(one * 11)
        stopped = await ann.mutate("stopReply", "{ message { status } }", messageId=first["reply"]["id"])
        assert stopped == {"message": {"status": "STOPPED"}}
        query = "query B($id: ID!) { organization(id: $id) { budget { spent reserved } } }"
        after = (await ann.run(query, id=shared))["organization"]["budget"]
        assert after["reserved"] == str(one * 10)
        assert 0 < int(after["spent"]) < one
