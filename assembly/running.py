"""Start and stop of the product: its parts run as long as the server serves."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Protocol, TypeVar

from assembly.product import Product
from db.core.sqlite import SQLite
from jobs.runner.backlog import Sampler
from settings.settings import VERSION, Misconfigured
from telemetry import metrics
from telemetry.catalog import BUILD, DATABASE_CONNECTIONS, READY, STREAMS, WAITING

T = TypeVar("T")
logger = logging.getLogger("sheetgpt")


def serve_metrics(product: Product) -> Callable[[], None]:
    """Watch the gauges of the product and listen at METRICS_PORT; return a function that stops listening."""
    settings, backend = product.backend.settings, product.backend
    if settings.metrics_port is None and settings.metrics_token is None:
        return lambda: None
    registry = metrics.enable()
    metrics.set_gauge(BUILD, 1, VERSION)
    metrics.watch(READY, lambda: not product.readiness.is_stopping)
    for kind in ("websocket", "events"):
        metrics.watch(STREAMS, partial(product.connections.number_of, kind), kind)
    for queue in backend.database.waiting:
        metrics.watch(WAITING, partial(_entry, lambda: backend.database.waiting, queue), queue)
    metrics.watch(WAITING, lambda: backend.file_work.waiting, "files")
    metrics.watch(WAITING, lambda: backend.google_work.waiting, "google")
    metrics.watch(WAITING, lambda: backend.sign_in_work.waiting, "sign-in")
    for pool, state in backend.database.connections:
        key = pool, state
        metrics.watch(DATABASE_CONNECTIONS, partial(_entry, lambda: backend.database.connections, key), *key)
    if settings.metrics_port is None:
        return lambda: None
    try:
        listener = registry.listen(settings.host, settings.metrics_port)
    except OSError as error:
        raise Misconfigured(
            f"METRICS_PORT={settings.metrics_port} cannot be used ({error.strerror}): name a free port."
        ) from None
    logger.info("metrics", extra={"fields": {"address": f"http://{settings.host}:{listener.port}/metrics"}})
    return listener.close


def _entry(entries: Callable[[], Mapping[T, int]], key: T) -> int:
    return entries()[key]


def log_start(product: Product) -> None:
    """Log what starts, once it cannot be refused any more: a refusal is one line."""
    settings = product.backend.settings
    kind = "sqlite" if isinstance(product.backend.database, SQLite) else "postgresql"
    fields = {"version": VERSION, "pid": os.getpid(), "environment": settings.environment, "database": kind}
    logger.info("start", extra={"fields": fields | {"redis": product.cluster is not None, "jobs": settings.run_jobs}})


class BackgroundPart(Protocol):
    def start(self) -> None: ...
    async def stop(self) -> None: ...


def background_parts(product: Product) -> Iterator[BackgroundPart]:
    """Yield the loops that run beside the worker, in the order of their start."""
    yield product.purger
    yield product.aggregator
    yield product.revocation
    yield product.sweep
    yield product.link_sweep
    yield product.report_scheduler
    yield product.revocations


@contextlib.asynccontextmanager
async def lifespan(product: Product) -> AsyncIterator[None]:
    """Start every part, and stop them in the opposite order at the end, also when a part fails to start."""
    async with contextlib.AsyncExitStack() as started:
        started.callback(product.disk.close)
        started.callback(product.backend.passwords.close)
        started.callback(product.backend.file_work.close)
        # A large import is laid out there before the first file is kept.
        await asyncio.to_thread(product.backend.settings.files_dir.mkdir, parents=True, exist_ok=True)
        started.callback(product.backend.google_work.close)
        started.callback(product.backend.sign_in_work.close)
        await product.backend.database.start()
        log_start(product)
        started.push_async_callback(product.backend.database.stop)
        started.push_async_callback(product.backend.snapshots.close)
        # In a thread: the listener looks only twice a second whether it shall end.
        started.push_async_callback(asyncio.to_thread, serve_metrics(product))
        sampler = Sampler(product.backend.database)
        sampler.start()
        started.push_async_callback(sampler.stop)
        if product.cluster is not None:
            await product.cluster.start()
            started.push_async_callback(product.cluster.stop)
        if product.model is not None:
            started.push_async_callback(product.model.close)
            await product.model.warm()
        await product.worker.start()
        started.push_async_callback(product.worker.stop)
        for part in background_parts(product):
            part.start()
            started.push_async_callback(part.stop)
        if product.control is not None:
            await product.control.start()
            started.push_async_callback(product.control.stop)
        yield
