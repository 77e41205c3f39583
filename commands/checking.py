"""Commands that check the installation."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.operations import AsJson, exit_on_failure, printable

if TYPE_CHECKING:
    from settings.settings import Settings


def check_everything(context: typer.Context, as_json: AsJson = False) -> None:
    """Check settings, database, disk, Redis, mail, models and Google, as far as they are configured."""
    if context.invoked_subcommand is None:
        run_checks(lambda checks, settings: checks.check_all(settings), as_json)


def check_mail(
    to: Annotated[str | None, typer.Option(help="Send a mail to this address.")] = None, as_json: AsJson = False
) -> None:
    """Sign in to the mail server of SMTP_URL."""
    run_checks(lambda checks, settings: checks.check_mail(settings, to), as_json)


def check_llm(as_json: AsJson = False) -> None:
    """Ask each configured model for a word."""
    run_checks(lambda checks, settings: checks.check_models(settings), as_json)


def run_checks(run: Callable[[Any, "Settings"], Any], as_json: bool) -> None:
    """Print the result of each check; exit with 1 if one has failed."""
    with exit_on_failure():
        from settings.loading import load_settings

        settings = load_settings()
        import checks

        results = asyncio.run(run(checks, settings))
    report_checks(results, as_json)


def report_checks(results: Sequence[Any], as_json: bool) -> None:
    """Print results with a name, a detail and a problem; exit with 1 if one has a problem."""
    from dataclasses import asdict

    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    for result in () if as_json else results:
        detail = result.detail or result.problem
        print(printable(f"{'FAILED' if result.problem else 'ok':<6}  {result.name}: {detail}"))
        if result.problem and result.problem != detail:
            print(printable(f"        {result.problem}"))
    if any(result.problem for result in results):
        sys.exit(1)


def check_google(
    subject: Annotated[
        str | None, typer.Option("--as", help="Address of a person of the domain, to try GOOGLE_DELEGATION with.")
    ] = None,
    spreadsheet: Annotated[
        str | None, typer.Option(help="Address or id of a spreadsheet, to open as the service account.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try each configured way to Google and say what is wrong."""
    with exit_on_failure():
        from assembly.components import create_google
        from integrations.google import checks
        from integrations.google.access import spreadsheet_id_of
        from settings.loading import load_settings

        google = create_google(load_settings(), ())  # no token of a person is read
        key = spreadsheet_id_of(spreadsheet, "--spreadsheet") if spreadsheet else None
        results = list(checks.check_google(google, subject, key))
        if not results:
            sys.exit(
                "Google is not configured: set GOOGLE_OAUTH_CLIENT_ID or GOOGLE_SERVICE_ACCOUNT_FILE, as "
                "docs/google.md shows."
            )
    report_checks(results, as_json)
