"""Commands about stored data: its size, its erasure, and the export of everything of one person."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.accounts import Email
from commands.operations import AsJson, exit_on_failure, perform, perform_until, printable, report
from commands.upkeep import Directory

UNITS = ("bytes", "kB", "MB", "GB", "TB")


def show_storage(as_json: AsJson = False) -> None:
    """Show the sizes of database and files, the free space, and the organizations with the most files."""
    with exit_on_failure():
        from settings.loading import load_settings

        settings = load_settings()
        from db.backups.dumps import is_postgresql

        result = perform("storage", **({"server": "1"} if is_postgresql(settings.database_url) else {}))
        result |= {
            "database_bytes": result["database_bytes"] or _file_bytes(settings.database_url),
            "files_bytes": {kind: _size(paths) for kind, paths in _kinds(settings.files_dir).items()},
            "free_bytes": shutil.disk_usage(_existing(settings.files_dir)).free,
        }
    report_storage(result, as_json)


def report_storage(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, indent=2))
        return
    print(f"{'database':<12}  {readable(result['database_bytes'])}")
    for kind, size in result["files_bytes"].items():
        print(f"{kind:<12}  {readable(size)}")
    print(f"{'free':<12}  {readable(result['free_bytes'])}")
    for each in result["organizations"]:
        sizes = "  ".join(f"{kind} {readable(each[kind]):>10}" for kind in ("tables", "attachments", "exports"))
        print(printable(f"{each['id']}  {sizes}  {each['name'] or '(deleted)'}"))


def readable(size: float) -> str:
    """Return a number of bytes with a unit, such as `12.3 MB`."""
    for unit in UNITS:
        if size < 1000 or unit == UNITS[-1]:
            return f"{size:.1f} {unit}" if unit != UNITS[0] else f"{size:.0f} {unit}"
        size /= 1000
    raise AssertionError


def _kinds(directory: Path) -> dict[str, Iterator[Path]]:
    """Return the files of FILES_DIR: attachments, uploads in progress, and exports, which are in none of the two."""
    return {
        "exports": directory.glob("*"),
        "attachments": (directory / "attachments").rglob("*"),
        "uploads": (directory / "incoming").rglob("*"),
    }


def _size(paths: Iterator[Path]) -> int:
    sizes = 0
    for path in paths:
        try:
            sizes += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # erased by a running server since it was listed
            continue
    return sizes


def _file_bytes(url: str) -> int:
    path = Path(url.removeprefix("sqlite:///"))
    return _size(path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm"))


def _existing(directory: Path) -> Path:
    return next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())


def purge(
    days: Annotated[
        int | None, typer.Option(min=0, max=3650, help="Erase what was deleted longer ago; default PURGE_AFTER_DAYS.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase deleted data and expired files now, instead of within the hour. `--days 0` erases all deleted data."""
    rows, files = 0, 0

    def count(result: dict[str, Any]) -> bool:
        nonlocal rows, files
        rows, files = rows + result["rows"], files + result["files"]
        return bool(result["is_complete"])

    perform_until(count, "purge", {} if days is None else {"days": str(days)})
    report({"rows": rows, "files": files}, f"{rows:,} rows and {files:,} files are erased.", as_json)


def export_data(email: Email, directory: Directory, as_json: AsJson = False) -> None:
    """Write everything of one person as files into a new directory below DIRECTORY, also while a server runs."""
    with exit_on_failure():
        from commands.operations import check_migrated
        from settings.loading import load_settings

        settings = load_settings()
        check_migrated(settings.database_url)
        import personal_data

        result = personal_data.export(settings, email, directory)
    report(result, printable(f"Everything of {result['email']} is in {result['path']}."), as_json)
    for name in result["missing"]:
        print(printable(f"The content of {name} is no longer there."), file=sys.stderr)
