"""A worker in a process of its own, to be killed: forked from a process that has imported the product once."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from typing import Any

import alembic.command  # noqa: F401  like the four below, what a process loads when it starts: here it is loaded once
import openai  # noqa: F401
import redis.asyncio  # noqa: F401
import taskiq.receiver  # noqa: F401
import taskiq_redis  # noqa: F401
from sqlalchemy.orm import configure_mappers

import jobs.replies.reply_writer
import jobs.runner.job_run
import jobs.runner.worker
from assembly.product import assemble
from assembly.running import lifespan
from db.jobs import jobs as rows
from settings.settings import Settings

configure_mappers()
LEASE, SWEEP_SECONDS, HEARTBEAT_SECONDS, CHECKPOINT_SECONDS = timedelta(seconds=1.5), 0.2, 0.5, 0.1


def work(arguments: dict[str, Any]) -> None:
    """Run jobs until the end, with leases that are over soon: a test waits for nothing else."""
    rows.LEASE, jobs.runner.worker.SWEEP_SECONDS = LEASE, SWEEP_SECONDS
    jobs.runner.job_run.HEARTBEAT_SECONDS = HEARTBEAT_SECONDS
    jobs.replies.reply_writer.CHECKPOINT_SECONDS = CHECKPOINT_SECONDS

    async def run() -> None:
        async with lifespan(assemble(Settings(_env_file=None, **arguments))):
            await asyncio.Event().wait()

    asyncio.run(run())


def start(arguments: dict[str, Any]) -> ForkServerProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.processes.crash_worker"])
    process = context.Process(target=work, args=(arguments,), daemon=True)
    process.start()
    return process


@contextmanager
def working(arguments: dict[str, Any]) -> Iterator[ForkServerProcess]:
    """Run a worker, and kill it with -9 at the end unless the test has."""
    process = start(arguments)
    try:
        yield process
    finally:
        process.kill()
        process.join(10)
        process.close()
