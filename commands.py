"""Command line of the server: `python app.py` serves; the other commands also work while a server runs.

Each command is a function under `@cli.command()`, and its docstring is its help text. Exit codes are Click's: 0 for
success, 1 for a failure with one sentence on standard error, 2 for a usage error. A command imports what it needs
when it runs, because importing the server takes a second and `--help` should not wait for it.
"""

import asyncio
import contextlib
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from db.core.engine import Database
    from settings import Settings

logger = logging.getLogger("sheetgpt")

HANDOVER_SECONDS = 5.0  # how long a command waits for a server that is still starting

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
superuser = typer.Typer(rich_markup_mode=None, help="Superusers, who see and change everything.")
users = typer.Typer(rich_markup_mode=None, help="User accounts.")
check = typer.Typer(rich_markup_mode=None, invoke_without_command=True, help="Checks of the installation.")
cli.add_typer(check, name="check")
cli.add_typer(superuser, name="superuser")
cli.add_typer(users, name="users")

Email = Annotated[str, typer.Argument(help="E-mail address of the account.", show_default=False)]
Directory = Annotated[Path, typer.Argument(help="A directory.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Generate = Annotated[bool, typer.Option(help="Generate a password and print it.")]
Search = Annotated[str | None, typer.Option(help="List only accounts with this text in their address or name.")]


@cli.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    reload: Annotated[bool, typer.Option(help="Restart when a source file changes; for development.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """SheetGPT: chat in, spreadsheet out. Serves when no command is given.

    Settings come from the environment and from .env. Commands act on the database in DATABASE_URL, also while a
    server runs.
    """
    if version:
        from settings import VERSION

        print(f"SheetGPT {VERSION}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        serve_reloading() if reload else serve()


def serve_reloading() -> None:
    """Serve in a process that is replaced whenever a source file changes."""
    import uvicorn
    from uvicorn.supervisors.statreload import StatReload

    config = uvicorn.Config("app:app", reload=True, reload_dirs=[str(Path(__file__).parent)], log_config=None)
    StatReload(config, target=_serve_again, sockets=[]).run()


def _serve_again(sockets: object) -> None:
    """Serve in a process of the reloader, which hands in sockets that are not used."""
    del sockets
    serve()


@cli.command()
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
    from settings import VERSION

    print(f"SheetGPT {VERSION} · {address}/ · GraphiQL: {address}/graphql · stop with Ctrl-C", flush=True)
    logger.info("ready", extra={"fields": {"address": address}})


@cli.command()
def worker() -> None:
    """Run background jobs, without serving requests, until a signal stops the worker.

    Start as many as you need beside servers with RUN_JOBS=0.
    """
    with exit_on_failure("The worker cannot start: "):
        from settings import VERSION, Misconfigured

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
    from settings import load_settings, renamed_settings_in_use

    settings = load_settings()
    check_settings(settings)

    from transport.core import logs

    logs.configure(settings.log_format, settings.log_level, settings.slow_ms)
    for old, new in renamed_settings_in_use():
        logger.warning("The setting %s is now called %s. The old name still works: please rename it.", old, new)
    return settings


@cli.command()
def migrate() -> None:
    """Migrate the database to this version. A server does the same when it starts."""
    with exit_on_failure():
        from assembly.components import create_database
        from db.core.sqlite import DatabaseInUse
        from db.migrations import head, revision_at
        from settings import load_settings

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


@cli.command()
def backup(directory: Directory, as_json: AsJson = False) -> None:
    """Copy database, files and keys into a new directory below DIRECTORY, also while a server runs.

    The copy is consistent and verified. PostgreSQL needs pg_dump of the server's version.
    """
    with exit_on_failure():
        from settings import load_settings

        settings = load_settings()
        import backups

        manifest = backups.back_up(settings, directory)
    report(manifest, f"The backup is in {manifest['path']}.", as_json)
    if not manifest["hasKey"]:
        print("The secret key is not in it: keep SECRET_KEY in another safe place.", file=sys.stderr)


@cli.command()
def restore(
    directory: Directory,
    replace: Annotated[bool, typer.Option(help="Replace data that exists; it is set aside.")] = False,
    only_check: Annotated[bool, typer.Option("--check", help="Verify the backup, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore the backup in DIRECTORY. Stop the servers first."""
    with exit_on_failure():
        from settings import load_settings

        settings = load_settings()
        import backups

        if only_check:
            report(backups.check_backup(directory), "The backup is complete and unchanged.", as_json)
            return
        manifest = backups.restore_backup(settings, directory, replace=replace)
    report(manifest, f"The backup of {manifest['createdAt']} is restored. Start the server; it migrates.", as_json)
    if not manifest["sameKey"]:
        print(
            "The secret key is not that of the backup: people must sign in again, and connect their Google accounts "
            "again. Set the SECRET_KEY of the backup to keep both.",
            file=sys.stderr,
        )


def report(result: dict[str, Any], sentence: str, as_json: bool) -> None:
    print(json.dumps(result, indent=2) if as_json else sentence)


@superuser.command("grant")
def grant(email: Email) -> None:
    """Make an account a superuser, from its next operation on."""
    print_account(perform("superuser grant", email=email), "is a superuser")


@superuser.command("revoke")
def revoke(email: Email) -> None:
    """Take superuser rights from an account and sign it out."""
    print_account(perform("superuser revoke", email=email), "is no superuser")


@users.command("deactivate")
def deactivate(email: Email) -> None:
    """Deactivate an account. Its sessions end within a second."""
    print_account(perform("users deactivate", email=email), "is deactivated")


@users.command("activate")
def activate(email: Email) -> None:
    """Activate a deactivated account."""
    print_account(perform("users activate", email=email), "is active")


@users.command("list")
def list_users(search: Search = None) -> None:
    """List accounts, oldest first: address, name, date of sign-up, and superuser or deactivated."""
    from db.accounts.administration import MAX_LISTED

    accounts = perform("users list", **({"search": search} if search else {}))
    rows = [(account["email"], account["name"], account["created_at"][:10], _flags(account)) for account in accounts]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row in rows:
        print(printable("  ".join([*map(str.ljust, row, widths), row[3]]).rstrip()))
    if len(accounts) == MAX_LISTED:
        print(f"Only the first {len(accounts):,} accounts are listed: narrow the list with --search.", file=sys.stderr)


def _flags(account: dict[str, Any]) -> str:
    flags = {"superuser": account["is_superuser"], "deactivated": not account["is_active"]}
    return ", ".join(name for name, is_set in flags.items() if is_set)


@cli.command("jobs")
def list_jobs(
    failed: Annotated[bool, typer.Option(help="List failed jobs with their errors.")] = False, as_json: AsJson = False
) -> None:
    """List the newest 100 background jobs that wait or run."""
    jobs = perform("jobs", **({"status": "FAILED"} if failed else {}))
    if as_json:
        print(json.dumps(jobs, indent=2))
        return
    for job in jobs:
        state = f"{job['status']:<9}  {job['kind']:<12}  {job['created_at'][:19]}  attempt {job['attempt']}"
        error = f"  {job['error_code']}: {job['error_message']}" if job["error_code"] else ""
        print(printable(f"{job['id']}  {state}{error}"))


@users.command("create")
def create_user(
    email: Email,
    first_name: Annotated[str, typer.Option(help="First name.")] = "",
    last_name: Annotated[str, typer.Option(help="Last name.")] = "",
    generate: Generate = False,
    as_json: AsJson = False,
) -> None:
    """Create an account. The password is asked for, read from standard input, or generated."""
    hashed, password = new_password(email, generate)
    account = perform("users create", email=email, password_hash=hashed, first_name=first_name, last_name=last_name)
    report_account(account, "is created", password, as_json)


@users.command("reset-password")
def reset_password(email: Email, generate: Generate = False, as_json: AsJson = False) -> None:
    """Set a new password, and end all sessions and API keys of the account."""
    hashed, password = new_password(email, generate)
    account = perform("users reset-password", email=email, password_hash=hashed)
    report_account(account, "has a new password and is signed out", password, as_json)


def new_password(email: str, generate: bool) -> tuple[str, str | None]:
    """Return the hash of a new password, and the password itself if it was generated."""
    with exit_on_failure():
        import secrets

        from auth.passwords import PasswordHasher, check_rules

        if generate:
            password = secrets.token_urlsafe(12)
        elif sys.stdin.isatty():
            password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        else:
            password = sys.stdin.readline().rstrip("\r\n")
        hasher = PasswordHasher()
        hashed = asyncio.run(hasher.hash(check_rules(password, email=email)))
        hasher.close()
    return hashed, password if generate else None


def report_account(account: dict[str, Any], state: str, password: str | None, as_json: bool) -> None:
    if as_json:
        print(json.dumps(account | ({"password": password} if password else {}), indent=2))
        return
    print(printable(f"{account['email']} {state}."))
    if password:
        print(f"Password: {password}")


@check.callback()
def check_everything(context: typer.Context, as_json: AsJson = False) -> None:
    """Check settings, database, disk, Redis, mail, models and Google, as far as they are configured."""
    if context.invoked_subcommand is None:
        run_checks(lambda checks, settings: checks.check_all(settings), as_json)


@check.command("mail")
def check_mail(
    to: Annotated[str | None, typer.Option(help="Send a mail to this address.")] = None, as_json: AsJson = False
) -> None:
    """Sign in to the mail server of SMTP_URL."""
    run_checks(lambda checks, settings: checks.check_mail(settings, to), as_json)


@check.command("llm")
def check_llm(as_json: AsJson = False) -> None:
    """Ask each configured model for a word."""
    run_checks(lambda checks, settings: checks.check_models(settings), as_json)


def run_checks(run: Callable[[Any, "Settings"], Any], as_json: bool) -> None:
    """Print the result of each check; exit with 1 if one has failed."""
    with exit_on_failure():
        from dataclasses import asdict

        from settings import load_settings

        settings = load_settings()
        import checks

        results = asyncio.run(run(checks, settings))
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    for result in () if as_json else results:
        print(printable(f"{'FAILED' if result.problem else 'ok':<6}  {result.name}: {result.problem or result.detail}"))
    if any(result.problem for result in results):
        sys.exit(1)


@check.command("google")
def check_google(
    subject: Annotated[
        str | None, typer.Option("--as", help="Address of a person of the domain, to try GOOGLE_DELEGATION with.")
    ] = None,
    spreadsheet: Annotated[
        str | None, typer.Option(help="Address or id of a spreadsheet, to open as the service account.")
    ] = None,
) -> None:
    """Try each configured way to Google and say what is wrong."""
    with exit_on_failure():
        from assembly.components import create_google
        from integrations.google import checks
        from integrations.google.access import spreadsheet_id_of
        from settings import load_settings

        google = create_google(load_settings(), ())  # no token of a person is read
        key = spreadsheet_id_of(spreadsheet, "--spreadsheet") if spreadsheet else None
        results = list(checks.check_google(google, subject, key))
        for result in results:
            print(printable(f"{'FAILED' if result.problem else 'ok':<6}  {result.name}: {result.detail}"))
            if result.problem:
                print(printable(f"        {result.problem}"))
        if not results:
            sys.exit(
                "Google is not configured: set GOOGLE_OAUTH_CLIENT_ID or GOOGLE_SERVICE_ACCOUNT_FILE, as "
                "docs/google.md shows."
            )
        if any(result.problem for result in results):
            sys.exit(1)


def print_account(account: dict[str, Any], state: str) -> None:
    """Print the state of an account, and whether the command has changed it."""
    print(printable(f"{account['email']} {state}{' now' if account['changed'] else ' already'}."))


def printable(text: str) -> str:
    """Replace control characters: users choose their names, and a terminal would obey them."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def perform(operation: str, **arguments: str) -> Any:
    """Run an operation in the database, or in the server that has the SQLite file open, and return its result."""
    with exit_on_failure():
        from assembly.components import create_database
        from db.core.sqlite import DatabaseInUse, SQLite
        from settings import load_settings
        from transport import control
        from transport.control import CommandFailed, NotServing

        settings = load_settings()
        database = create_database(settings)
        _check_migrated(settings.database_url)
        deadline = time.monotonic() + HANDOVER_SECONDS
        while True:
            try:
                return asyncio.run(_perform_directly(database, operation, arguments))
            except DatabaseInUse as in_use:
                assert isinstance(database, SQLite)
                try:
                    return control.ask(database.socket, operation, arguments)
                except NotServing:
                    if time.monotonic() > deadline:
                        raise CommandFailed(
                            f"{database.path} is in use by process {in_use.holder}, which accepts no commands: stop "
                            "that process, or try again once it has started."
                        ) from None
            # The holder is a server that does not listen yet, or another command that is nearly done.
            time.sleep(0.1)


async def _perform_directly(database: "Database", operation: str, arguments: dict[str, str]) -> Any:
    from db.accounts import administration

    await database.start()
    try:
        return await administration.perform(database, operation, arguments)
    finally:
        await database.stop()


def _check_migrated(url: str) -> None:
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
        from settings import Misconfigured

        # The others are looked up last: importing them takes longer than to find a wrong setting.
        if not isinstance(error, Misconfigured) and not isinstance(error, _operator_errors()):
            raise
        sys.exit(f"{prefix}{error}")


def _operator_errors() -> tuple[type[Exception], ...]:
    from db.backups.dumps import DumpFailed
    from db.core.postgresql import DatabaseUnreachable
    from db.core.sqlite import DatabaseInUse
    from errors import ProductError
    from transport.control import CommandFailed
    from transport.server import CannotListen

    return ProductError, DumpFailed, DatabaseInUse, DatabaseUnreachable, CannotListen, CommandFailed
