"""Processes that are killed with -9: acknowledged data survives, and unfinished replies end as interrupted."""

import asyncio
from dataclasses import replace
from functools import partial
from itertools import count

from tests.support.app import App
from tests.support.client import Client
from tests.support.loopback.provider_faults import EVENT_STREAM, Exchange, chunk, fault_server
from tests.support.processes.crash_worker import working
from tests.support.processes.several_processes import Installation
from tests.support.processes.waiting import until
from tests.support.scripted_llm import follow, joined_text, read, start_reply, texts_of

KILLS, REPLIES = 20, 2  # processes, and replies that each of them writes when it is killed
WORDS = [f"wörd{number}👩‍👧 " for number in range(5_000)]
TEXT = "".join(WORDS)


async def endless(exchange: Exchange) -> None:
    """Run a provider that sends numbered words until its client disconnects."""
    exchange.writer.write(EVENT_STREAM)
    for number in count():
        if exchange.hung_up.is_set():
            return
        exchange.writer.write(f"data: {chunk(WORDS[number])}\n\n".encode())
        await asyncio.sleep(0.01)


async def saved(client: Client, id: str) -> str:
    """Return the text of a reply in the database."""
    return str((await read(client, id))["text"])


async def test_workers_are_killed_while_they_write_and_nothing_that_was_acknowledged_is_lost(
    installation: Installation,
) -> None:
    async with fault_server(endless) as server:
        there = replace(installation, server=server)
        async with there.run(run_jobs=False) as web:
            ann = await web.person()
            stored = {}
            for _ in range(KILLS):
                ids = [await start_reply(ann) for _ in range(REPLIES)]
                with working(there.settings):
                    for id_ in ids:
                        stored[id_] = await until(partial(saved, ann, id_), 60)
            with working(there.settings):
                await asyncio.gather(*(check_interrupted(web, ann, id_, text) for id_, text in stored.items()))
            assert texts_of(web) == {}


async def check_interrupted(web: App, ann: Client, id: str, stored: str) -> None:
    events = await follow(web, ann, id)
    reply = await read(ann, id)
    assert (reply["status"], reply["error"]["code"], reply["error"]["retryable"]) == (
        "INTERRUPTED",
        "INTERRUPTED",
        True,
    )
    assert reply["text"].startswith(stored)
    assert TEXT.startswith(reply["text"])
    assert joined_text(events) == reply["text"]
