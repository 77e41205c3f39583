"""Installation of real processes beside a loopback Google: a server alone, or a server, a worker, and Redis."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.loopback.sheets import LoopbackSheets
from tests.support.processes.ports import free_port
from tests.support.processes.product_process import BareProduct, Product, WorkerProduct, running
from tests.support.processes.valkey import valkey_server


@dataclass
class Site:
    """Server, and the process that runs its jobs, which with SQLite is the same one."""

    server: Product
    jobs: Product
    google: LoopbackSheets
    files: Path

    def kill_jobs(self) -> None:
        """Kill the process that runs the jobs, with -9."""
        os.killpg(self.jobs.process.pid, signal.SIGKILL)
        self.jobs.stop(signal.SIGKILL)

    def restart_jobs(self) -> None:
        self.jobs.start()
        self.jobs.wait_until_ready()


@contextmanager
def sheet_site(kind: str, database_url: str, directory: Path, google: LoopbackSheets) -> Iterator[Site]:
    """Run an installation of one kind of database, whose people connect their accounts at the loopback Google."""
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"
    oauth = {name.upper(): str(value) for name, value in google.oauth_settings(public_url).items()}
    settings = {
        **oauth,
        "DATABASE_URL": database_url,
        "PORT": str(port),
        "SECRET_KEY": "a key that is the same after a restart, " * 2,
        "GOOGLE_OAUTH_SCOPES": "drive.file spreadsheets",
        "SHEET_LINK_SECONDS": "0.5",
        "WEBHOOK_ALLOW_PRIVATE": "1",
    }
    if kind == "sqlite":
        with running(directory, BareProduct, **settings) as server:
            yield Site(server, server, google, directory / "files")
        return
    with valkey_server() as redis:
        settings["REDIS_URL"] = redis.url
        with (
            running(directory, BareProduct, RUN_JOBS="0", **settings) as server,
            running(directory, WorkerProduct, **settings) as worker,
        ):
            yield Site(server, worker, google, directory / "files")
