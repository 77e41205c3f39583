"""Parts that commands share: operations in the database or its server, results, and sentences for failures."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from db.core.engine import Database
    from settings.settings import Settings

HANDOVER_SECONDS = 5.0  # how long a command waits for a server that is still starting
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def perform(operation: str, **arguments: str) -> Any:
    """Run an operation in the database, or in the server that has the SQLite file open, and return its result."""
    return perform_until(lambda _: True, operation, arguments)


def perform_until(is_complete: Callable[[Any], bool], operation: str, arguments: dict[str, str]) -> Any:
    """Run an operation like `perform`, again until `is_complete` is true of its result, and return the last result."""
    with exit_on_failure():
        from assembly.components import create_database
        from db.core.sqlite import DatabaseInUse, SQLite
        from settings.loading import load_settings
        from transport import control
        from transport.control import CommandFailed, NotServing

        settings = load_settings()
        database = create_database(settings)
        check_migrated(settings.database_url)
        deadline = time.monotonic() + HANDOVER_SECONDS
        while True:
            try:
                return asyncio.run(_perform_directly(database, settings, operation, arguments, is_complete))
            except DatabaseInUse as in_use:
                assert isinstance(database, SQLite)
                try:
                    while not is_complete(result := control.ask(database.socket, operation, arguments)):
                        pass
                    return result
                except NotServing:
                    if time.monotonic() > deadline:
                        raise CommandFailed(
                            f"{database.path} is in use by process {in_use.holder}, which accepts no commands: stop "
                            "that process, or try again once it has started."
                        ) from None
            # The holder is a server that does not listen yet, or another command that is nearly done.
            time.sleep(0.1)


async def _perform_directly(
    database: "Database",
    settings: "Settings",
    operation: str,
    arguments: dict[str, str],
    is_complete: Callable[[Any], bool],
) -> Any:
    from assembly.administration import Administration

    await database.start()
    try:
        administration = Administration(database, settings)
        while not is_complete(result := await administration.perform(operation, arguments)):
            pass
        return result
    finally:
        await database.stop()


def check_migrated(url: str) -> None:
    """Raise CommandFailed unless the database is at the newest revision.

    A command never creates a database (DATABASE_URL may be mistyped) and never migrates one that an older server may
    still use.
    """
    from db.migrations import head, revision_at
    from transport.control import CommandFailed

    if (revision := revision_at(url)) != head():
        state = "has no SheetGPT tables" if revision is None else f"is at {revision}, but this version needs {head()}"
        raise CommandFailed(f"The database in DATABASE_URL {state}: check the URL, or run `python app.py migrate`.")


@contextlib.contextmanager
def exit_on_failure(prefix: str = "") -> Iterator[None]:
    """Exit with code 1 and one sentence after an error that the operator can correct."""
    try:
        yield
    except Exception as error:
        from settings.settings import Misconfigured

        # The others are looked up last: importing them takes longer than to find a wrong setting.
        if not isinstance(error, Misconfigured) and not isinstance(error, _operator_errors()):
            raise
        sys.exit(f"{prefix}{error}")


def _operator_errors() -> tuple[type[Exception], ...]:
    from db.backups.dumps import DumpFailed
    from db.core.postgresql import DatabaseUnreachable
    from db.core.sqlite import DatabaseInUse, DatabaseUnusable
    from db.migrations import LaterRevision
    from errors import ProductError
    from transport.control import CommandFailed
    from transport.server import CannotListen

    refused = DatabaseInUse, DatabaseUnusable, DatabaseUnreachable, LaterRevision, CannotListen
    return ProductError, DumpFailed, CommandFailed, *refused


def report(result: dict[str, Any], sentence: str, as_json: bool) -> None:
    print(json.dumps(result, indent=2) if as_json else sentence)


def printable(text: str) -> str:
    """Replace control characters: users choose their names, and a terminal would obey them."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
