"""Commands about organizations."""

import json
import sys
from typing import Annotated

import typer

from commands.accounts import Email
from commands.operations import AsJson, perform, printable, report

Organization = Annotated[str, typer.Argument(help="Name or id of the organization.", show_default=False)]


def list_organizations(
    search: Annotated[str | None, typer.Option(help="List only organizations with this text in their name.")] = None,
    personal: Annotated[bool, typer.Option(help="List the personal ones of people too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List organizations, oldest first: id, date, numbers of members and admins, and name."""
    from db.organizations.administration import MAX_LISTED

    options = {"search": search or "", "personal": "1" if personal else ""}
    organizations = perform("organizations list", **{name: value for name, value in options.items() if value})
    if as_json:
        print(json.dumps(organizations, indent=2))
        return
    for each in organizations:
        counts = f"{each['members']:>5} members  {each['admins']:>3} admins"
        print(printable(f"{each['id']}  {each['created_at'][:10]}  {counts}  {each['name']}"))
    if len(organizations) == MAX_LISTED:
        print(
            f"Only the first {MAX_LISTED:,} organizations are listed: narrow the list with --search.", file=sys.stderr
        )


def list_members(organization: Organization, as_json: AsJson = False) -> None:
    """List the active members of an organization with their roles."""
    members = perform("organizations members", organization=organization)
    if as_json:
        print(json.dumps(members, indent=2))
        return
    for member in members:
        state = "" if member["is_active"] else "  deactivated"
        print(printable(f"{member['role']:<6}  {member['email']}  {member['name']}{state}"))


def make_admin(organization: Organization, email: Email, as_json: AsJson = False) -> None:
    """Make an account an admin of an organization, for instance of one whose admins have all left."""
    result = perform("organizations make-admin", organization=organization, email=email)
    moment = "now" if result["changed"] else "already"
    report(result, printable(f"{result['email']} is an admin of {result['name']} {moment}."), as_json)
