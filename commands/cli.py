"""Names and groups of the commands."""

from typing import Annotated

import typer

from commands import accounts, checking, organizations, server, storage, upkeep

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
superuser = typer.Typer(rich_markup_mode=None, help="Superusers, who see and change everything.")
users = typer.Typer(rich_markup_mode=None, help="User accounts.")
groups = typer.Typer(rich_markup_mode=None, help="Organizations and their members.")
check = typer.Typer(rich_markup_mode=None, invoke_without_command=True, help="Checks of the installation.")


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
        from settings.settings import VERSION

        print(f"SheetGPT {VERSION}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        server.serve_reloading() if reload else server.serve()


for command in (server.serve, server.worker, server.migrate, upkeep.backup, upkeep.restore):
    cli.command()(command)
cli.command("jobs")(upkeep.list_jobs)
cli.command("storage")(storage.show_storage)
cli.command("purge")(storage.purge)
cli.command("export-data")(storage.export_data)
cli.add_typer(check, name="check")
cli.add_typer(superuser, name="superuser")
cli.add_typer(users, name="users")
cli.add_typer(groups, name="organizations")
superuser.command("grant")(accounts.grant)
superuser.command("revoke")(accounts.revoke)
users.command("create")(accounts.create_user)
users.command("reset-password")(accounts.reset_password)
users.command("deactivate")(accounts.deactivate)
users.command("activate")(accounts.activate)
users.command("list")(accounts.list_users)
groups.command("list")(organizations.list_organizations)
groups.command("members")(organizations.list_members)
groups.command("make-admin")(organizations.make_admin)
check.callback()(checking.check_everything)
check.command("mail")(checking.check_mail)
check.command("llm")(checking.check_llm)
check.command("google")(checking.check_google)
