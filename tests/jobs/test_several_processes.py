"""Several processes on one PostgreSQL and one Redis: a write of one shows at once in the others."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT
from contextlib import aclosing
from dataclasses import fields, replace
from functools import partial
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
import redis

import auth.shared_counts
import integrations.redis.connection
import jobs.replies.reply_writer
import jobs.runner.worker
import resolvers.conversations.replies
import resolvers.exports.exports
from assembly.product import assemble
from db.core.events import Event, TableChanged, decode, encode
from resolvers.core.ids import decode as decode_id
from settings.settings import Misconfigured, Settings
from tests.support.app import App
from tests.support.client import Client
from tests.support.processes.product_process import ROOT
from tests.support.processes.several_processes import Installation, eventually
from tests.support.processes.valkey import valkey_server
from tests.support.processes.waiting import until
from tests.support.scripted_llm import (
    ScriptedLLM,
    follow,
    joined_text,
    read,
    start_reply,
    texts_of,
    wait_for_readers,
    wait_for_text,
)

PIECES = ["Grüße ", "👩", "\u200d👩\u200d", "👧 ", "中", "文 e", "\u0301", "\n| a |", " b |\n", "🇩🇪", "\r\n", "Schluß"]
TEXT = "".join(PIECES)
CHANGES = """subscription F($id: ID!, $after: Int) {
  tableChanges(tableId: $id, after: $after) { number changes { kind new } } }"""
LATE = 0.5  # seconds on a busy machine; an idle one needs a hundredth of this


@pytest.mark.usefixtures("without_checkpoints")
async def test_what_a_worker_writes_is_followed_piece_by_piece_from_a_server(
    web: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await web.person()
    id_ = await start_reply(ann)
    following = [asyncio.create_task(follow(web, ann, id_)) for _ in range(5)]
    await wait_for_readers(web, 5)
    so_far = ""
    for piece in PIECES:
        scripted_llm.say(piece)
        so_far += piece
        await wait_for_text(web, ann, id_, so_far)
    late = [asyncio.create_task(follow(web, ann, id_, offset)) for offset in [*range(len(TEXT) + 1), 10_000]]
    await wait_for_readers(web, 5 + len(late))
    scripted_llm.finish()
    *rests, bogus = await asyncio.gather(*late)
    for offset, events in enumerate(rests):
        assert joined_text(events, TEXT[:offset]) == TEXT
        assert offset == len(TEXT) or events[0]["offset"] == offset
        assert events[-1]["message"] == {"id": id_, "text": TEXT, "status": "COMPLETED"}
    assert (bogus[0]["offset"], joined_text(bogus)) == (0, TEXT)
    for events in await asyncio.gather(*following):
        offsets = [event["offset"] for event in events if event["__typename"] == "ReplyDelta"]
        assert joined_text(events) == TEXT
        assert len(offsets) == len(PIECES)
        assert offsets == sorted(set(offsets))
    assert joined_text(await follow(web, ann, id_, 7), TEXT[:7]) == (await read(ann, id_))["text"] == TEXT
    assert texts_of(web) == {}


@pytest.mark.usefixtures("without_checkpoints")
async def test_a_stop_at_a_server_hangs_up_on_the_provider_of_a_worker_at_once(
    web: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await web.person()
    id_ = await start_reply(ann)
    scripted_llm.say(*PIECES)
    await wait_for_text(web, ann, id_, TEXT)
    following = asyncio.create_task(follow(web, ann, id_))
    await wait_for_readers(web, 1)
    (exchange,) = scripted_llm.server.exchanges
    stopping = asyncio.create_task(ann.mutate("stopReply", "{ message { status text } }", messageId=id_))
    begun = time.perf_counter()
    await asyncio.wait_for(exchange.hung_up.wait(), 2)
    assert time.perf_counter() - begun < LATE
    assert (await stopping)["message"] == {"status": "STOPPED", "text": TEXT}
    events = await following
    assert (joined_text(events), events[-1]["message"]["status"]) == (TEXT, "STOPPED")


async def test_who_watches_at_a_server_is_not_told_of_the_end_by_a_worker_and_who_left_is(
    web: App, worker: App, scripted_llm: ScriptedLLM
) -> None:
    ann = await web.person()
    viewer = await web.viewer(ann)

    async def told() -> list[str]:
        nodes = (await ann.run("{ notifications { nodes { kind subjectId } } }"))["notifications"]["nodes"]
        return [node["subjectId"] for node in nodes]

    for is_there in (True, False):
        id_ = await start_reply(ann)
        decoded = decode_id(id_)
        assert decoded is not None
        following = asyncio.create_task(follow(web, ann, id_))
        await until(partial(worker.backend.watchers.is_watched, decoded[1], viewer.user_id))
        if not is_there:
            following.cancel()
            await asyncio.wait([following])
            await until(partial(is_unwatched, worker, decoded[1], viewer.user_id))
        scripted_llm.say("Well")
        scripted_llm.finish()
        await (following if is_there else until(told))
        assert await told() == ([] if is_there else [id_])


async def is_unwatched(app: App, reply_id: UUID, user_id: UUID | None) -> bool:
    return not await app.backend.watchers.is_watched(reply_id, user_id)


async def test_who_comes_when_the_beginning_was_trimmed_gets_it_from_the_row(
    installation: Installation, web: App, scripted_llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.replies.reply_writer, "CHECKPOINT_SECONDS", 0.1)
    monkeypatch.setattr(resolvers.conversations.replies, "IDLE_SECONDS", 0.1)
    ann = await web.person()
    id_ = await start_reply(ann)
    for number, piece in enumerate(PIECES[:6]):
        scripted_llm.say(piece)
        await wait_for_text(web, ann, id_, "".join(PIECES[: number + 1]))
    decoded = decode_id(id_)
    assert decoded is not None
    with redis.Redis.from_url(installation.redis_url) as client:
        assert client.xtrim(f"{installation.prefix}:reply:{decoded[1].hex}", maxlen=1, approximate=False) == 5
    late = [asyncio.create_task(follow(web, ann, id_, position)) for position in (0, 3)]
    await wait_for_readers(web, 2)
    scripted_llm.say(*PIECES[6:])
    scripted_llm.finish()
    for position, follower in zip((0, 3), late, strict=True):
        assert joined_text(await follower, TEXT[:position]) == TEXT


async def test_an_export_of_a_worker_is_followed_at_a_server(web: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolvers.exports.exports, "IDLE_SECONDS", 3600)
    ann = await web.person()
    table = (await ann.mutate("importTable", "{ table { id } }", text="a,b\n1,2\n", name="T"))["table"]["id"]
    started = await ann.mutate("startExport", "{ export { id } }", tableId=table, destination="CSV")
    progress = "subscription P($id: ID!) { exportProgress(exportId: $id) { status } }"
    async with asyncio.timeout(10):
        seen = [event async for event in web.follow(ann, progress, id=started["export"]["id"])]
    assert seen[-1] == {"exportProgress": {"status": "COMPLETED"}}


async def test_servers_come_and_go_while_a_worker_writes(
    installation: Installation, worker: App, scripted_llm: ScriptedLLM
) -> None:
    async with installation.run(run_jobs=False) as first:
        ann = await first.person()
        id_ = await start_reply(ann)
        scripted_llm.say(*PIECES[:6])
        half = "".join(PIECES[:6])
        await wait_for_text(first, ann, id_, half)
        await ann.run("mutation { logOut { ok } }")
    async with installation.run(run_jobs=False) as second:
        again = second.client()
        session = "{ session { accessToken } }"
        logged = await again.mutate("logIn", session, email="ann@example.com", password="correct horse battery")
        again.token = logged["session"]["accessToken"]
        following = asyncio.create_task(follow(second, again, id_, len(half)))
        await wait_for_readers(second, 1)
        scripted_llm.say(*PIECES[6:])
        scripted_llm.finish()
        assert joined_text(await following, half) == TEXT
        assert (await read(again, id_))["status"] == "COMPLETED"
    assert len(scripted_llm.requests) == 1


async def test_every_change_is_followed_from_another_process_also_by_who_comes_back_after_each(
    web: App, worker: App
) -> None:
    ann = await web.person()
    created = await ann.mutate(
        "createTable", "{ table { id } }", name="T", columns=[{"name": "Number", "type": "INTEGER"}]
    )
    table = created["table"]["id"]

    async def add(app: App, writer: int) -> None:
        client = app.client()
        client.token = ann.token
        for number in range(4):
            rows = [{"c1": writer * 10 + number}]
            await client.mutate("addRows", "{ table { revision } }", tableId=table, rows=rows)

    async def followed(*, comes_back: bool) -> list[tuple[int, list[dict[str, Any]]]]:
        seen: list[tuple[int, list[dict[str, Any]]]] = []
        while len(seen) < 41:
            after = seen[-1][0] if seen else 0
            async with aclosing(web.follow(ann, CHANGES, id=table, after=after)) as events:
                async for event in events:
                    revision = event["tableChanges"]
                    seen.append((revision["number"], revision["changes"]))
                    if comes_back or len(seen) == 41:
                        break
        return seen

    following = [asyncio.create_task(followed(comes_back=n > 0)) for n in range(3)]
    await asyncio.gather(*(add(app, writer) for writer, app in enumerate([worker, web] * 5)))
    async with asyncio.timeout(20):
        stayed, *came_back = await asyncio.gather(*following)
    assert [number for number, _ in stayed] == [*range(1, 42)]
    assert came_back == [stayed, stayed]
    added = sorted(change["new"]["values"]["c1"] for _, changes in stayed[1:] for change in changes)
    assert added == sorted(writer * 10 + number for writer in range(10) for number in range(4))


async def test_what_happens_in_one_process_wakes_who_waits_in_another(web: App, worker: App) -> None:
    event, messages = TableChanged(uuid4()), time.perf_counter()
    with web.backend.hub.subscribe(event) as here, worker.backend.hub.subscribe(event) as there:
        worker.backend.hub.publish(event)
        assert there.is_set()
        await asyncio.wait_for(here.wait(), 2)
        assert time.perf_counter() - messages < LATE
        here.clear()
        there.clear()
        await asyncio.sleep(0.1)
        assert (here.is_set(), there.is_set()) == (False, False)


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_kind_of_event_can_be_told(kind: type[Event]) -> None:
    event = kind(*(uuid4() for _ in fields(kind)))
    assert decode(encode(event)) == event
    assert "\n" not in encode(event)


def test_an_event_of_a_newer_version_is_nobodys() -> None:
    assert decode('["Unheard", {"id": "00"}]') is None


async def test_a_server_without_jobs_leaves_them_to_a_worker_who_is_told_at_once(
    installation: Installation, scripted_llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.runner.worker, "SWEEP_SECONDS", 3600)
    async with installation.run(run_jobs=False) as web:
        ann = await web.person()
        id_ = await start_reply(ann)
        await asyncio.sleep(0.1)
        assert scripted_llm.requests == []
        async with installation.run():
            await eventually(lambda: len(scripted_llm.requests) == 1)
            await ann.mutate("stopReply", "{ message { status } }", messageId=id_)
            id_ = await start_reply(ann)
            await eventually(lambda: len(scripted_llm.requests) == 2)
            await ann.mutate("stopReply", "{ message { status } }", messageId=id_)


async def test_attempts_are_counted_for_all_processes_together(installation: Installation) -> None:
    arguments = {"log_in_limit_account": "3 per hour", "run_jobs": False}
    async with installation.run(**arguments) as one, installation.run(**arguments) as other:
        codes = [await wrong_password(app) for app in (one, other, one, other, one)]
    assert codes == ["UNAUTHENTICATED"] * 3 + ["RATE_LIMITED"] * 2


async def test_the_worker_command_finishes_its_replies_after_a_signal(
    installation: Installation, scripted_llm: ScriptedLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in installation.settings.items():
        monkeypatch.setenv(name.upper(), str(value))
    async with installation.run(run_jobs=False) as web:
        ann = await web.person()
        id_ = await start_reply(ann)
        command = [sys.executable, "app.py", "worker"]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE, stderr=STDOUT)
        try:
            scripted_llm.say("From a process of its own")
            await wait_for_text(web, ann, id_, "From a process of its own")
            process.send_signal(signal.SIGTERM)
            scripted_llm.say(" and complete")
            scripted_llm.finish()
        finally:
            text, _ = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0
        assert b"worker" in text
        assert b"Traceback" not in text
        events = await follow(web, ann, id_)
        assert (joined_text(events), events[-1]["message"]["status"]) == (
            "From a process of its own and complete",
            "COMPLETED",
        )


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"redis_url": None, "run_jobs": False}, "RUN_JOBS=0 leaves background jobs to `python app.py worker`"),
        ({"redis_url": "http://cache:80"}, "REDIS_URL is not a Redis URL. Write redis://"),
    ],
)
def test_a_setting_that_cannot_be_is_named(installation: Installation, arguments: dict[str, Any], part: str) -> None:
    with pytest.raises(Misconfigured, match=part):
        assemble(Settings(_env_file=None, **(installation.settings | arguments)))


def test_with_sqlite_redis_is_not_used_and_it_is_said(
    installation: Installation, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    product = assemble(Settings(_env_file=None, **(installation.settings | {"database_url": sqlite_url})))
    assert product.cluster is None
    assert "REDIS_URL is ignored" in caplog.text


async def wrong_password(app: App) -> str:
    error = await app.client().refused("logIn", email="ann@example.com", password="guess")
    return str(error["extensions"]["code"])


@pytest.mark.parametrize("how", ["away", "hanging"])
async def test_while_redis_is_away_or_hangs_the_database_tells_and_everything_goes_on(
    how: str,
    installation: Installation,
    scripted_llm: ScriptedLLM,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(integrations.redis.connection, "SECONDS", 0.2)
    monkeypatch.setattr(auth.shared_counts, "SHARED_SECONDS", 0.1)
    monkeypatch.setattr(jobs.replies.reply_writer, "CHECKPOINT_SECONDS", 0.2)
    monkeypatch.setattr(resolvers.conversations.replies, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(jobs.runner.worker, "SWEEP_SECONDS", 0.3)
    with valkey_server() as redis:
        there = replace(installation, redis_url=redis.url)
        arguments = {"log_in_limit_account": "2 per hour"}
        async with there.run(**arguments), there.run(run_jobs=False, **arguments) as web:
            ann = await web.person()
            id_ = await start_reply(ann)
            following = asyncio.create_task(follow(web, ann, id_))
            scripted_llm.say("Before. ")
            await wait_for_text(web, ann, id_, "Before. ")
            with getattr(redis, how)():
                scripted_llm.say("Away.")
                scripted_llm.finish()
                assert joined_text(await following) == "Before. Away."
                assert [await wrong_password(web) for _ in range(3)] == ["UNAUTHENTICATED"] * 2 + ["RATE_LIMITED"]
                found_by_the_sweep = await start_reply(ann)
                scripted_llm.say("Still away. ")
                following = asyncio.create_task(follow(web, ann, found_by_the_sweep))
                await wait_for_text(web, ann, found_by_the_sweep, "Still away. ")
            await eventually(lambda: caplog.text.count("Redis is back") == 2)
            scripted_llm.say("Back.")
            await wait_for_text(web, ann, found_by_the_sweep, "Still away. Back.")
            scripted_llm.finish()
            assert joined_text(await following) == "Still away. Back."
    text = [record.getMessage() for record in caplog.records if record.name == "sheetgpt.redis"]
    # Each process says so once when it goes and once when it is back.
    assert sorted(line.partition(" (")[0] for line in text) == ["Redis is away"] * 2 + ["Redis is back"] * 2


async def test_a_worker_that_drains_finishes_its_replies_and_takes_no_other(
    installation: Installation, scripted_llm: ScriptedLLM
) -> None:
    async with installation.run(run_jobs=False) as web, installation.run() as first:
        ann = await web.person()
        id_ = await start_reply(ann)
        await eventually(lambda: len(scripted_llm.requests) == 1)
        scripted_llm.say("Half ")
        draining = asyncio.create_task(first.product.worker.drain(30))
        await asyncio.sleep(0.1)
        other = await start_reply(ann)
        scripted_llm.say("and whole")
        scripted_llm.finish()
        await draining
        assert (await read(ann, id_))["text"] == "Half and whole"
        assert (await read(ann, id_))["status"] == "COMPLETED"
        assert (await read(ann, other))["status"] == "IN_PROGRESS"
        scripted_llm.say("Next")
        scripted_llm.finish()
        async with installation.run():
            await until(partial(_is_over, ann, other))
        assert ((await read(ann, other))["text"], len(scripted_llm.requests)) == ("Next", 2)


async def test_a_reply_without_text_is_handed_over_to_another_worker(
    installation: Installation, scripted_llm: ScriptedLLM
) -> None:
    async with installation.run(run_jobs=False) as web:
        ann = await web.person()
        async with installation.run() as first:
            id_ = await start_reply(ann)
            await eventually(lambda: len(scripted_llm.requests) == 1)
            started = time.monotonic()
            await first.product.worker.drain(0.2)
            assert time.monotonic() - started < 2
        assert (await read(ann, id_))["status"] == "IN_PROGRESS"
        scripted_llm.finish()  # ends the reply of the first worker, which nobody hears
        scripted_llm.say("From the second")
        scripted_llm.finish()
        async with installation.run():
            await until(partial(_is_over, ann, id_))
        assert ((await read(ann, id_))["text"], len(scripted_llm.requests)) == ("From the second", 2)


async def _is_over(client: Client, id_: str) -> bool:
    return bool((await read(client, id_))["status"] == "COMPLETED")
