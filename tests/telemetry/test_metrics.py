"""Metrics: recorded by use, bounded, private, and named as the dashboard and the alert rules name them."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from db.core.session import Session
from db.jobs import jobs
from db.models.jobs import Job, JobStatus
from jobs.runner.backlog import Sampler
from telemetry import metrics
from telemetry.catalog import FAMILIES, JOBS, OPERATIONS, Family
from telemetry.registry import MAX_VALUES, Registry
from tests.support.app import App, open_app
from tests.support.client import Refused
from tests.support.scripted_llm import ScriptedLLM, follow, open_app_with_llm, start_reply, wait_for_readers
from tests.support.world import World

ROOT = Path(__file__).parents[2]
TOKEN = "the token of the tests"
NAME = re.compile(r"\bsheetgpt_\w+")


def samples(registry: Registry) -> dict[str, float]:
    """Return the value of each series, by its name and labels as Prometheus reads them."""
    lines = registry.render("")[0].decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def exposed(family: Family) -> set[str]:
    """Return the names under which a family is exposed."""
    suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}[family.kind]
    return {family.name + suffix for suffix in suffixes}


async def get(app: App, path: str, **headers: str) -> httpx.Response:
    return await app.client().http.get(f"http://site{path}", headers=headers)


async def test_use_is_recorded_and_read_with_the_token(
    registry: Registry, scripted_llm: ScriptedLLM, database_url: str, tmp_path: Path
) -> None:
    server = scripted_llm.server
    limits = {"metrics_token": TOKEN, "log_in_limit_account": "1 per hour"}
    async with open_app_with_llm(server, database_url, tmp_path, **limits) as app:
        ann = await app.sign_up("ann")
        following = asyncio.create_task(follow(app, ann, await start_reply(ann)))
        await wait_for_readers(app, 1)  # a reply that has ended is delivered as one snapshot, without a delay
        scripted_llm.say("Hello ", "there")
        scripted_llm.finish(tokens=(7, 2))
        events = await following
        assert events[-1]["__typename"] == "ReplyEnded"
        for _ in range(2):
            with pytest.raises(Refused):
                await app.client().mutate("logIn", "{ user { id } }", email="x@example.com", password="wrong wrong")
        with pytest.raises(Refused):
            await ann.run("query Wrong { nothing }")
        assert (await get(app, "/health/ready")).json()["status"] == "ready"
        assert (await get(app, "/metrics")).status_code == 401
        assert (await get(app, "/metrics", authorization=f"Bearer {TOKEN}x")).status_code == 401
        response = await get(app, "/metrics", authorization=f"Bearer {TOKEN}")
        assert response.headers["content-type"].startswith("text/plain; version=")
        read = samples(registry)
    assert {line.split("{")[0].split(" ")[0] for line in response.text.splitlines() if line[0] != "#"} >= {
        "sheetgpt_operations_total",
        "process_resident_memory_bytes",
    }
    expected = {
        'sheetgpt_operations_total{kind="mutation",operation="signUp",outcome="ok"}': 1,
        'sheetgpt_operations_total{kind="mutation",operation="logIn",outcome="refused"}': 2,
        'sheetgpt_errors_total{code="UNAUTHENTICATED"}': 1,
        'sheetgpt_errors_total{code="RATE_LIMITED"}': 1,
        'sheetgpt_errors_total{code="GRAPHQL_VALIDATION_FAILED"}': 1,
        'sheetgpt_limits_refused_total{limit="log_in_account"}': 1,
        'sheetgpt_job_runs_total{kind="reply",result="completed"}': 1,
        'sheetgpt_job_seconds_count{kind="reply"}': 1,
        'sheetgpt_model_calls_total{model="gpt-test",result="stop"}': 1,
        'sheetgpt_model_call_seconds_count{model="gpt-test"}': 1,
        'sheetgpt_model_first_token_seconds_count{model="gpt-test"}': 1,
        'sheetgpt_model_tokens_total{direction="input",model="gpt-test"}': 7,
        'sheetgpt_model_tokens_total{direction="output",model="gpt-test"}': 2,
        'sheetgpt_model_cost_total{model="gpt-test"}': 0,
        'sheetgpt_http_request_seconds_count{route="/metrics",status="4xx"}': 2,
        'sheetgpt_open_streams{kind="websocket"}': 0,
        'sheetgpt_waiting{queue="writes"}': 0,
        "sheetgpt_ready": 1,
    }
    assert {name: read.get(name) for name in expected} == expected
    for positive in (
        'sheetgpt_database_seconds_count{lane="read"}',
        'sheetgpt_database_seconds_count{lane="write"}',
        'sheetgpt_cache_requests_total{cache="documents",result="miss"}',
        'sheetgpt_operation_seconds_count{kind="mutation",operation="signUp"}',
        "sheetgpt_delta_delay_seconds_count",
    ):
        assert read[positive] > 0
    if database_url.startswith("postgres"):
        assert read['sheetgpt_database_connections{pool="reads",state="open"}'] > 0


async def test_the_backlog_of_jobs_is_sampled_and_falls_to_zero(registry: Registry, app: App) -> None:
    viewer = await World(app.backend.database).person("bob")

    def add(session: Session) -> Any:
        return jobs.enqueue(session, "unheard-of", session.personal_organization_id).id

    id_ = await app.backend.database.write(add, viewer)
    sampler = Sampler(app.backend.database)
    await sampler.sample()
    series = 'sheetgpt_jobs{kind="unheard-of",state="queued"}'
    assert samples(registry)[series] == 1
    assert 0 <= samples(registry)[series.replace("_jobs", "_job_oldest_seconds")] < 60

    def finish(session: Session) -> None:
        jobs.end(session, session.get(Job, id_), JobStatus.COMPLETED)

    await app.backend.database.write(finish, viewer)
    await sampler.sample()
    assert samples(registry)[series] == 0


async def test_without_settings_nothing_is_recorded_and_there_is_no_route(app: App) -> None:
    assert not metrics.is_enabled()
    assert (await get(app, "/metrics")).status_code == 404


async def test_a_port_of_their_own_serves_them_until_the_end(
    registry: Registry, sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "sheetgpt")
    async with open_app(sqlite_url, tmp_path, metrics_port=0) as app:
        (line,) = [record for record in caplog.records if record.message == "metrics"]
        address = line.__dict__["fields"]["address"]
        response = await asyncio.to_thread(httpx.get, address)
        assert 'sheetgpt_build_info{version="' in response.text
        assert (await get(app, "/metrics")).status_code == 404
    with pytest.raises(httpx.ConnectError):
        await asyncio.to_thread(httpx.get, address)


def test_clients_cannot_make_more_than_a_hundred_series(registry: Registry) -> None:
    for number in range(3 * MAX_VALUES):
        metrics.count(OPERATIONS, "query", f"Mine{number}", "ok")
    metrics.count(OPERATIONS, "query", "x" * 1000, "ok")
    counted = {name: value for name, value in samples(registry).items() if name.startswith("sheetgpt_operations")}
    assert len(counted) == MAX_VALUES + 1
    assert counted['sheetgpt_operations_total{kind="query",operation="other",outcome="ok"}'] == 2 * MAX_VALUES + 1
    assert len(registry._series) == MAX_VALUES


async def test_the_names_of_strangers_are_no_label(registry: Registry, app: App) -> None:
    await app.client().run("query Stranger { serverInfo { version } }")
    names = [name for name in samples(registry) if name.startswith("sheetgpt_operations_total")]
    assert names == ['sheetgpt_operations_total{kind="query",operation="serverInfo",outcome="ok"}']


def test_the_dashboard_and_the_alerts_use_metrics_that_exist_and_the_dashboard_all_of_them() -> None:
    known = {name for family in FAMILIES for name in exposed(family)}
    dashboard = (ROOT / "deploy" / "grafana.json").read_text()
    alerts = (ROOT / "deploy" / "alerts.yaml").read_text()
    assert set(NAME.findall(dashboard)) | set(NAME.findall(alerts)) <= known
    drawn = set(NAME.findall(dashboard))
    assert [family.name for family in FAMILIES if not exposed(family) & drawn] == []


def test_the_labels_of_the_dashboard_and_the_alerts_exist() -> None:
    """A grouping by a label that a metric lacks draws one line without a name."""
    labels = {label for family in FAMILIES for label in family.labels} | {"le", "instance", "job", "severity"}
    text = (ROOT / "deploy" / "grafana.json").read_text() + (ROOT / "deploy" / "alerts.yaml").read_text()
    grouped = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", text) for label in group.split(",")}
    matched = set(re.findall(r"[{,]\s*(\w+)(?:=~|!~|!=|=)\\?\"", text))
    displayed = set(re.findall(r"\$labels\.(\w+)", text))
    assert (grouped | matched | displayed) - labels == set()


def test_dashboard_and_alerts_are_complete() -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert all(panel["title"] and panel["targets"] for panel in panels)
    rules = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())["groups"][0]["rules"]
    assert all(rule["annotations"].keys() == {"summary", "action"} for rule in rules)
    assert all(rule["expr"].count("(") == rule["expr"].count(")") for rule in rules)
    assert len({rule["alert"] for rule in rules}) == len(rules)
    scrape = yaml.safe_load((ROOT / "deploy" / "prometheus.yaml").read_text())
    assert scrape["rule_files"] == ["alerts.yaml"]
    assert JOBS.labels == ("kind", "state")
