"""Commands that serve, work and migrate."""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from commands.operations import exit_on_failure

if TYPE_CHECKING:
    from db.core.engine import Database
    from settings.settings import Settings

logger = logging.getLogger("sheetgpt")


def serve_reloading() -> None:
    """Serve in a process that is replaced whenever a source file changes."""
    import uvicorn
    from uvicorn.supervisors.statreload import StatReload

    config = uvicorn.Config("app:app", reload=True, reload_dirs=[str(Path(__file__).parents[1])], log_config=None)
    StatReload(config, target=_serve_again, sockets=[]).run()


def _serve_again(sockets: object) -> None:
    """Serve in a process of the reloader, which hands in sockets that are not used."""
    del sockets
    serve()


def serve() -> None:
    """Migrate the database, then serve until a signal stops the server."""
    with exit_on_failure("SheetGPT cannot start: "):
        settings = configured_settings()

        from assembly.application import application, draining
        from assembly.product import assemble
        from assembly.running import lifespan
        from transport import server

        product = assemble(settings)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve(
                application(product),
                lifespan(product),
                product.connections,
                host=settings.host,
                port=settings.port,
                max_message_bytes=settings.max_body_bytes,
                trusted_proxies=settings.trusted_proxies,
                ready=announce,
                draining=draining(product),
            )


def announce(address: str) -> None:
    """Print the address of a server that is ready."""
    from settings.settings import VERSION

    print(f"SheetGPT {VERSION} · {address}/ · GraphiQL: {address}/graphql · stop with Ctrl-C", flush=True)
    logger.info("ready", extra={"fields": {"address": address}})


def worker() -> None:
    """Run background jobs, without serving requests, until a signal stops the worker.

    Start as many as you need beside servers with RUN_JOBS=0.
    """
    with exit_on_failure("The worker cannot start: "):
        from settings.settings import VERSION, Misconfigured

        settings = configured_settings().model_copy(update={"run_jobs": True})

        from assembly.application import draining
        from assembly.product import assemble
        from assembly.running import lifespan
        from transport import server

        product = assemble(settings)
        if product.cluster is None:
            raise Misconfigured(
                "set DATABASE_URL to a PostgreSQL database, and REDIS_URL. With SQLite the server runs all jobs itself."
            )

        def announce_worker() -> None:
            print(f"SheetGPT {VERSION} · worker · stop with Ctrl-C", flush=True)
            logger.info("ready")

        server.work(lifespan(product), announce_worker, draining(product))


def configured_settings() -> "Settings":
    """Load the settings, configure the log by them, and warn of settings under an old name."""
    from preflight import check_settings
    from settings.loading import load_settings, renamed_settings_in_use

    settings = load_settings()
    check_settings(settings)

    from transport.core import logs

    logs.configure(settings.log_format, settings.log_level, settings.slow_ms)
    for old, new in renamed_settings_in_use():
        logger.warning("The setting %s is now called %s. The old name still works: please rename it.", old, new)
    return settings


def migrate() -> None:
    """Migrate the database to this version. A server does the same when it starts."""
    with exit_on_failure():
        from assembly.components import create_database
        from db.core.sqlite import DatabaseInUse
        from db.migrations import head, revision_at
        from settings.loading import load_settings

        settings = load_settings()
        before = revision_at(settings.database_url)
        try:
            asyncio.run(_start_and_stop(create_database(settings)))
        except DatabaseInUse as error:
            if before != head():
                raise
            print(f"The database is at {before}, the newest revision, and in use by a server (pid {error.holder}).")
            return
        change = "as before" if before == head() else f"migrated from {before or 'an empty database'}"
        print(f"The database is at {head()}, the newest revision ({change}).")


async def _start_and_stop(database: "Database") -> None:
    await database.start()
    await database.stop()
