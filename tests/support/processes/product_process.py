"""The product as a stranger runs it: a process of its own, started by `make run`."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
READY = re.compile(r"GraphiQL: (http://\S+?)/graphql")
START_SECONDS, STOP_SECONDS = 30.0, 10.0


class Product:
    """Server process with its data in `directory` and its output in `lines`. It may be started again."""

    command: Sequence[str] = ("make", "--no-print-directory", "run")
    ready = READY  # line of the output; its group is the address of a server

    def __init__(self, directory: Path, **settings: str) -> None:
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "GOOGLE_", "MAKE", "MFLAGS"))
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # without bytecode each start costs seconds
        environment |= {
            "TITLE_SOURCE": "text",
            "PORT": "0",
            "FILES_DIR": str(directory / "files"),
            "MAIL_DIR": str(directory / "mail"),
            "LOG_FORMAT": "json",
            **settings,
        }
        environment.setdefault("DATABASE_URL", f"sqlite:///{directory / 'product.db'}")
        directory.mkdir(parents=True, exist_ok=True)  # the server refuses a database in a directory that does not exist
        self.directory, self._environment = directory, environment
        self.lines: list[str] = []
        self.start()

    def start(self) -> None:
        self.url = ""
        self._ready = threading.Event()
        # Ctrl-C in a terminal reaches a process group.
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def database_url(self) -> str:
        return self._environment["DATABASE_URL"]

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if match := self.ready.search(line):
                self.url = match[1]
                self._ready.set()
        self._ready.set()

    def wait_until_ready(self) -> str:
        assert self._ready.wait(START_SECONDS), self.lines
        assert self.url, "\n".join(self.lines)
        return self.url

    def stop(self, how: signal.Signals = signal.SIGINT) -> float:
        """Send a signal to the process group, as a terminal does, and return how many seconds it took to end."""
        started = time.monotonic()
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
        self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        assert self.process.stdout
        self.process.stdout.close()
        return time.monotonic() - started


class BareProduct(Product):
    """Server process without `make`, so that its number is that of the server itself."""

    command = (sys.executable, "app.py")


class WorkerProduct(Product):
    """Worker process, which runs the jobs of servers with RUN_JOBS=0."""

    command = (sys.executable, "app.py", "worker")
    ready = re.compile(r"· (worker) ·")


@contextmanager
def running(directory: Path, kind: type[Product] = Product, **settings: str) -> Iterator[Product]:
    """Run a product until the end of the block; kill it unless the test has stopped it."""
    product = kind(directory, **settings)
    try:
        product.wait_until_ready()
        yield product
    finally:
        product.stop(signal.SIGKILL)  # also one that ended by itself: its pipe is open
