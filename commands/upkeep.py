"""Commands that back up, restore and list background jobs."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from commands.operations import AsJson, exit_on_failure, perform, printable, report

Directory = Annotated[Path, typer.Argument(help="A directory.", show_default=False)]


def backup(directory: Directory, as_json: AsJson = False) -> None:
    """Copy database, files and keys into a new directory below DIRECTORY, also while a server runs.

    The copy is consistent and verified. PostgreSQL needs pg_dump of the server's version.
    """
    with exit_on_failure():
        from settings.loading import load_settings

        settings = load_settings()
        import backups

        manifest = backups.back_up(settings, directory)
    report(manifest, f"The backup is in {manifest['path']}.", as_json)
    if not manifest["hasKey"]:
        print("The secret key is not in it: keep SECRET_KEY in another safe place.", file=sys.stderr)


def restore(
    directory: Directory,
    replace: Annotated[bool, typer.Option(help="Replace data that exists; it is set aside.")] = False,
    only_check: Annotated[bool, typer.Option("--check", help="Verify the backup, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore the backup in DIRECTORY. Stop the servers first."""
    with exit_on_failure():
        from settings.loading import load_settings

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
