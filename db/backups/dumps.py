"""Dumps of a database: by SQLite's backup API, or by pg_dump and pg_restore. Everything here blocks."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from db.core.sqlite import acquire_lock
from db.migrations import head, revision_at

SQLITE_DUMP, POSTGRESQL_DUMP = "database.sqlite", "database.dump"
TOOL_SECONDS = 6 * 3600


class DumpFailed(RuntimeError):
    """Error: the database cannot be copied; the message says what to do."""


@contextmanager
def explaining(sentence: str) -> Iterator[None]:
    """Raise DumpFailed with the sentence, in which {problem} is replaced, for a file that cannot be written."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        problem = (error.strerror if isinstance(error, OSError) else None) or error
        raise DumpFailed(sentence.replace("{problem}", str(problem))) from error


def is_postgresql(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def dump(url: str, directory: Path) -> Path:
    """Copy the database at `url` as it is at one moment into a new file, verify the copy and return its path."""
    if is_postgresql(url):
        target = directory / POSTGRESQL_DUMP
        _run_tool("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
        _run_tool("pg_restore", None, "--list", str(target))  # reads its table of contents
        return target
    target = directory / SQLITE_DUMP
    # One step copies one snapshot: a server that writes meanwhile neither waits nor makes it begin again.
    with closing(sqlite3.connect(_path(url), timeout=30)) as source, closing(sqlite3.connect(target)) as copy:
        source.execute("PRAGMA query_only=ON")
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a write-ahead log beside it
    verify(target)
    return target


def verify(dump: Path) -> None:
    """Raise DumpFailed unless a dump is complete and readable."""
    if dump.name == POSTGRESQL_DUMP:
        _run_tool("pg_restore", None, "--list", str(dump))
        return
    with closing(sqlite3.connect(f"{dump.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            result = str(error)
    if result != "ok":
        raise DumpFailed(f"The copy of the database in {dump} is damaged ({result}). Use another backup.")


def check_revision(revision: str | None) -> None:
    """Raise DumpFailed for a backup of a later version."""
    if revision is not None and revision > head():
        raise DumpFailed(
            f"The backup is of a later version: its database is at {revision}, and this version knows {head()}. "
            "Install the version that made it."
        )


def restore(dump: Path, url: str, *, replace: bool) -> None:
    """Put a dump in the place of the database at `url`, which must be empty unless `replace`.

    Raises DatabaseInUse while a server has the SQLite file open.
    """
    if (dump.name == POSTGRESQL_DUMP) != is_postgresql(url):
        raise DumpFailed(
            "The backup is of the other kind of database: SQLite is restored to SQLite, PostgreSQL to PostgreSQL. "
            "Change DATABASE_URL."
        )
    if revision_at(url) is not None and not replace:
        raise DumpFailed("The database in DATABASE_URL has data. Name an empty one, or add --replace to overwrite it.")
    if is_postgresql(url):
        options = ["--clean", "--if-exists"] if replace else []
        _run_tool("pg_restore", url, "--no-owner", "--no-privileges", "--single-transaction", *options, str(dump))
        return
    path = _path(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    with acquire_lock(path):
        part = path.with_name(path.name + ".restoring")
        shutil.copyfile(dump, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        for suffix in ("-wal", "-shm"):  # a log of the old file would be applied to the new one
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        part.replace(path)


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).resolve()


def _run_tool(name: str, url: str | None, *arguments: str) -> None:
    """Run a program of PostgreSQL. The password is passed in the environment, where other users do not see it."""
    program = shutil.which(name)
    if program is None:
        raise DumpFailed(f"{name} is not installed. Install PostgreSQL's client programs, of the server's version.")
    environment = dict(os.environ)
    target: list[str] = []
    if url is not None:
        parts = urlsplit(url)
        if parts.password is not None:
            environment["PGPASSWORD"] = unquote(parts.password)
        address = f"{parts.username or ''}@{parts.netloc.rpartition('@')[2]}".removeprefix("@")
        target = [f"--dbname={urlunsplit(parts._replace(scheme='postgresql', netloc=address))}"]
    command = [program, *target, *arguments]
    ended = subprocess.run(  # noqa: S603  a program of the operator's machine
        command, env=environment, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False
    )
    if ended.returncode:
        lines = [line for line in ended.stderr.splitlines() if "error" in line] or ended.stderr.splitlines()
        raise DumpFailed(f"{name} failed: {lines[0].strip() if lines else f'exit code {ended.returncode}'}")
