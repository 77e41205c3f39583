"""Commands about accounts."""

import asyncio
import json
import sys
from typing import Annotated, Any

import typer

from commands.operations import AsJson, exit_on_failure, perform, printable, report

Email = Annotated[str, typer.Argument(help="E-mail address of the account.", show_default=False)]
Generate = Annotated[bool, typer.Option(help="Generate a password and print it.")]
Search = Annotated[str | None, typer.Option(help="List only accounts with this text in their address or name.")]


def grant(email: Email, as_json: AsJson = False) -> None:
    """Make an account a superuser, from its next operation on."""
    report_change(perform("superuser grant", email=email), "is a superuser", as_json)


def revoke(email: Email, as_json: AsJson = False) -> None:
    """Take superuser rights from an account and sign it out."""
    report_change(perform("superuser revoke", email=email), "is no superuser", as_json)


def deactivate(email: Email, as_json: AsJson = False) -> None:
    """Deactivate an account. Its sessions end within a second."""
    report_change(perform("users deactivate", email=email), "is deactivated", as_json)


def activate(email: Email, as_json: AsJson = False) -> None:
    """Activate a deactivated account."""
    report_change(perform("users activate", email=email), "is active", as_json)


def list_users(search: Search = None, as_json: AsJson = False) -> None:
    """List accounts, oldest first: address, name, date of sign-up, and superuser or deactivated."""
    from db.accounts.administration import MAX_LISTED

    accounts = perform("users list", **({"search": search} if search else {}))
    if as_json:
        print(json.dumps(accounts, indent=2))
        return
    rows = [(account["email"], account["name"], account["created_at"][:10], _flags(account)) for account in accounts]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row in rows:
        print(printable("  ".join([*map(str.ljust, row, widths), row[3]]).rstrip()))
    if len(accounts) == MAX_LISTED:
        print(f"Only the first {len(accounts):,} accounts are listed: narrow the list with --search.", file=sys.stderr)


def _flags(account: dict[str, Any]) -> str:
    flags = {"superuser": account["is_superuser"], "deactivated": not account["is_active"]}
    return ", ".join(name for name, is_set in flags.items() if is_set)


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


def reset_password(email: Email, generate: Generate = False, as_json: AsJson = False) -> None:
    """Set a new password, and end all sessions and API keys of the account."""
    hashed, password = new_password(email, generate)
    account = perform("users reset-password", email=email, password_hash=hashed)
    report_account(account, "has a new password and is signed out", password, as_json)


def new_password(email: str, generate: bool) -> tuple[str, str | None]:
    """Return the hash of a new password, and the password itself if it was generated."""
    with exit_on_failure():
        import secrets

        from assembly.components import create_hasher
        from auth.passwords import check_rules
        from settings.loading import load_settings

        if generate:
            password = secrets.token_urlsafe(12)
        elif sys.stdin.isatty():
            password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        else:
            password = sys.stdin.readline().rstrip("\r\n")
        hasher = create_hasher(load_settings())
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


def report_change(account: dict[str, Any], state: str, as_json: bool) -> None:
    """Print the state of an account, and whether the command has changed it."""
    report(account, printable(f"{account['email']} {state}{' now' if account['changed'] else ' already'}."), as_json)
