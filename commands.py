"""The command line: `python app.py` serves, and the other commands work whether or not a server runs.

A command is a function under `@cli.command()`; what it is described by is its docstring. Exit codes are Click's:
0 when it is done, 1 when it cannot be, with one sentence on standard error, 2 when it is not understood.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from assembly import application, assemble, database_of, lifespan
from db.accounts import administration
from db.core.engine import Database
from db.core.postgresql import DatabaseUnreachable
from db.core.sqlite import DatabaseInUse, SQLite
from db.migrations import head, revision_at
from errors import ProductError
from settings import VERSION, Misconfigured, Settings
from transport import control, server
from transport.control import CommandFailed, NotServing
from transport.core import logs
from transport.server import CannotListen

HANDOVER_SECONDS = 5.0  # a server that has just begun to start is waited for so long

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
superuser = typer.Typer(rich_markup_mode=None, help="Who sees and changes everything.")
users = typer.Typer(rich_markup_mode=None, help="Who can sign in.")
cli.add_typer(superuser, name="superuser")
cli.add_typer(users, name="users")

Email = Annotated[str, typer.Argument(help="The address that the account has.", show_default=False)]
Search = Annotated[str | None, typer.Option(help="Only those with this in their address or name.")]


@cli.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """SheetGPT: chat in, spreadsheet out. Without a command, it serves.

    Settings are read from the environment and from .env; the commands act on the database that they name, also
    while a server runs.
    """
    if context.invoked_subcommand is None:
        serve()


@cli.command()
def serve() -> None:
    """Migrate the database and serve, until a signal comes."""
    with explained("SheetGPT cannot start: "):
        settings = Settings()
        logs.configure(settings.log_format, settings.log_level)
        product = assemble(settings)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve(
                application(product),
                lifespan(product),
                product.connections,
                host=settings.host,
                port=settings.port,
                max_message_bytes=settings.max_body_bytes,
                ready=announce,
            )


def announce(address: str) -> None:
    print(f"SheetGPT {VERSION} · GraphiQL: {address}/graphql · stop with Ctrl-C", flush=True)


@cli.command()
def worker() -> None:
    """Run jobs and serve nobody, until a signal comes: beside servers with JOBS=0, and as many as you need."""
    with explained("The worker cannot start: "):
        settings = Settings().model_copy(update={"jobs": True})
        logs.configure(settings.log_format, settings.log_level)
        product = assemble(settings)
        if product.cluster is None:
            raise Misconfigured(
                "set DATABASE_URL to a PostgreSQL database, and REDIS_URL. With SQLite the server works."
            )
        server.work(lifespan(product), lambda: print(f"SheetGPT {VERSION} · worker · stop with Ctrl-C", flush=True))


@cli.command()
def migrate() -> None:
    """Bring the database to this version; a server does the same when it starts."""
    with explained():
        settings = Settings()
        before = revision_at(settings.database_url)
        try:
            asyncio.run(_start_and_stop(database_of(settings)))
        except DatabaseInUse as error:
            if before != head():
                raise
            print(f"The database is at {before}, the newest, and a server runs on it (pid {error.holder}).")
            return
        print(
            f"The database is at {head()}" + (", as it was." if before == head() else f", from {before or 'nothing'}.")
        )


async def _start_and_stop(database: Database) -> None:
    await database.start()
    await database.stop()


@superuser.command("grant")
def grant(email: Email) -> None:
    """Let somebody see and change everything; it holds from their next operation on."""
    tell(perform("superuser grant", email=email), "is a superuser")


@superuser.command("revoke")
def revoke(email: Email) -> None:
    """Take that from somebody, who is signed out."""
    tell(perform("superuser revoke", email=email), "is no superuser")


@users.command("deactivate")
def deactivate(email: Email) -> None:
    """Close an account: whoever is signed in to it is signed out within a second."""
    tell(perform("users deactivate", email=email), "is deactivated")


@users.command("activate")
def activate(email: Email) -> None:
    """Open an account again."""
    tell(perform("users activate", email=email), "is active")


@users.command("list")
def list_users(search: Search = None) -> None:
    """Print the accounts, oldest first: address, name, since when, and what is special about them."""
    found = perform("users list", **({"search": search} if search else {}))
    rows = [(user["email"], user["name"], user["created_at"][:10], _marks(user)) for user in found]
    widths = [max((len(row[place]) for row in rows), default=0) for place in range(3)]
    for row in rows:
        print(printable("  ".join([*map(str.ljust, row, widths), row[3]]).rstrip()))
    if len(found) == administration.MAX_LISTED:
        print(f"These are the first {len(found):,}: look for the others with --search.", file=sys.stderr)


def _marks(user: dict[str, Any]) -> str:
    marks = {"superuser": user["is_superuser"], "deactivated": not user["is_active"]}
    return ", ".join(name for name, holds in marks.items() if holds)


def tell(account: dict[str, Any], state: str) -> None:
    """Print what an account is now."""
    print(printable(f"{account['email']} {state}{' now' if account['changed'] else ' already'}."))


def printable(text: str) -> str:
    """People choose their names, and a terminal obeys control characters."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def perform(operation: str, **arguments: str) -> Any:
    """Do it in the database, or have the server do it that holds the SQLite file."""
    with explained():
        settings = Settings()
        database = database_of(settings)
        _check_migrated(settings.database_url)
        until = time.monotonic() + HANDOVER_SECONDS
        while True:
            try:
                return asyncio.run(_in_place(database, operation, arguments))
            except DatabaseInUse as held:
                assert isinstance(database, SQLite)
                try:
                    return control.ask(database.socket, operation, arguments)
                except NotServing:
                    if time.monotonic() > until:
                        raise CommandFailed(
                            f"{database.path} is held by process {held.holder}, which takes no commands: stop it, or "
                            "try again when it has started."
                        ) from None
            time.sleep(0.1)


async def _in_place(database: Database, operation: str, arguments: dict[str, str]) -> Any:
    await database.start()
    try:
        return await administration.perform(database, operation, arguments)
    finally:
        await database.stop()


def _check_migrated(url: str) -> None:
    """A command neither makes a database where there is none, nor migrates one that an older server may use."""
    if (revision := revision_at(url)) != head():
        found = (
            "has no tables of SheetGPT" if revision is None else f"is at {revision}, and this version needs {head()}"
        )
        raise CommandFailed(f"The database that DATABASE_URL names {found}: check it, or run `python app.py migrate`.")


@contextlib.contextmanager
def explained(before: str = "") -> Iterator[None]:
    """End with one sentence and code 1 for what an operator can put right."""
    try:
        yield
    except ValidationError as error:
        details = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        sys.exit(before + details)
    except ProductError as error:
        sys.exit(before + error.message)
    except (Misconfigured, DatabaseInUse, DatabaseUnreachable, CannotListen, CommandFailed) as error:
        sys.exit(f"{before}{error}")
