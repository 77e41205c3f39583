"""Backups: the database, the files and the keys in one directory, with a manifest that verifies them."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db.backups.dumps import DumpFailed, check_revision, dump, explaining, is_postgresql, restore, verify
from db.migrations import revision_at
from keys import configured_secret, key_file, load_secrets
from settings.settings import VERSION, Settings

MANIFEST, FILES, KEY = "manifest.json", "files", "secret.key"
NOT_COPIED = "incoming"  # uploads in progress
CHUNK_BYTES = 1_000_000


def back_up(settings: Settings, directory: Path) -> dict[str, Any]:
    """Make a backup in a new directory below `directory`, also while a server runs; return its manifest.

    The database is copied first: every file is stored before the row that names it.
    """
    moment, revision = datetime.now(UTC), revision_at(settings.database_url)
    if revision is None:
        raise DumpFailed("The database in DATABASE_URL has no SheetGPT tables: check the URL.")
    target = directory / f"sheetgpt-{moment:%Y%m%dT%H%M%SZ}"
    part = target.with_name(target.name + ".partial")
    with explaining(f"{directory}: {{problem}}. Name a directory with room for the backup, in which you may write."):
        directory.mkdir(parents=True, exist_ok=True)
        part.mkdir(mode=0o700)
        try:
            manifest = _write_backup(settings, part, moment, revision)
            part.rename(target)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)  # it would fill the disk with every attempt
            raise
    return manifest | {"path": str(target)}


def _write_backup(settings: Settings, part: Path, moment: datetime, revision: str) -> dict[str, Any]:
    """Write the files of a backup and its manifest, which is returned."""
    key = fingerprint(settings)
    dump(settings.database_url, part)
    _copy_files(settings.files_dir, part / FILES)
    if configured_secret(settings) is None and not settings.secret_key_file:
        shutil.copy(key_file(settings), part / KEY)
    manifest = {
        "version": VERSION,
        "revision": revision,
        "createdAt": moment.isoformat(timespec="seconds"),
        "database": "postgresql" if is_postgresql(settings.database_url) else "sqlite",
        "key": key,
        "hasKey": (part / KEY).exists(),
        "files": {str(path.relative_to(part)): describe(path) for path in _all_files(part)},
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    _sync(part)
    return manifest


def check_backup(backup: Path) -> dict[str, Any]:
    """Return the manifest of a backup of which every file is there and unchanged. Raises DumpFailed otherwise."""
    try:
        manifest: dict[str, Any] = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
        described = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise DumpFailed(f"{backup} is no backup: it has no readable {MANIFEST}. Name the directory of one.") from None
    for name, expected in described.items():
        path = backup / name
        if not path.is_file() or describe(path) != expected:
            raise DumpFailed(f"The file {name} of the backup is missing or changed. Use another backup.")
    verify(_dump_of(backup))
    return manifest


def restore_backup(settings: Settings, backup: Path, *, replace: bool) -> dict[str, Any]:
    """Restore database, files and development key, and return the manifest; see `check_backup`.

    What is replaced is kept aside under another name, except a database of PostgreSQL.
    """
    manifest = check_backup(backup)
    check_revision(manifest["revision"])
    suffix = f".before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    has_files = settings.files_dir.is_dir() and any(settings.files_dir.iterdir())
    if has_files and not replace:
        raise DumpFailed(f"FILES_DIR={settings.files_dir} has files. Empty it, or add --replace to set them aside.")
    with explaining(
        "The backup is not restored: {problem}. Make room or mend permissions, then repeat with --replace."
    ):
        if not is_postgresql(settings.database_url):
            path = Path(settings.database_url.removeprefix("sqlite:///"))
            if replace and path.exists():
                shutil.copyfile(path, path.with_name(path.name + suffix))
        restore(_dump_of(backup), settings.database_url, replace=replace)
        if has_files:
            settings.files_dir.rename(settings.files_dir.with_name(settings.files_dir.name + suffix))
        _copy_files(backup / FILES, settings.files_dir)
        if (backup / KEY).exists():
            key = key_file(settings)
            if key.exists() and key.read_bytes() != (backup / KEY).read_bytes():
                key.rename(key.with_name(key.name + suffix))
            shutil.copy(backup / KEY, key)
            key.chmod(0o600)
    return manifest | {"sameKey": fingerprint(settings) == manifest["key"]}


def fingerprint(settings: Settings) -> str:
    """Return a digest by which keys are compared without showing them."""
    return hashlib.sha256(b"sheetgpt backup " + load_secrets(settings)[0]).hexdigest()[:16]


def describe(path: Path) -> dict[str, Any]:
    """Return the size and the SHA-256 of a file."""
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _dump_of(backup: Path) -> Path:
    return next(path for path in backup.iterdir() if path.stem == "database")


def _copy_files(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in _all_files(source) if source.is_dir() else ():
        relative = path.relative_to(source)
        if relative.parts[0] == NOT_COPIED or path.name.startswith("."):
            continue
        (target / relative).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, target / relative)
        except FileNotFoundError:  # erased by a running server since it was listed
            (target / relative).unlink(missing_ok=True)


def _all_files(directory: Path) -> Iterator[Path]:
    yield from sorted(path for path in directory.rglob("*") if path.is_file())


def _sync(directory: Path) -> None:
    """Write everything below a directory to the disk, so that a finished backup survives a power failure."""
    for path in [*_all_files(directory), *(path for path in directory.rglob("*") if path.is_dir()), directory]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
