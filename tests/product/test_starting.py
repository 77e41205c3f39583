"""Starting and stopping the process: one sentence when it cannot start, nothing lost when it stops."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from commands.cli import cli
from tests.support.processes.product_process import ROOT, Product, running
from transport.core import logs

pytestmark = pytest.mark.xdist_group("starting")


def refused(directory: Path, **settings: str) -> str:
    """Return the line that a process prints which cannot start."""
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **environment(directory), **settings},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.stdout == ""
    return explained(ended.returncode, ended.stderr)


def environment(directory: Path) -> dict[str, str]:
    return {"PORT": "0", "FILES_DIR": str(directory), "DATABASE_URL": str(directory / "a.db")}


def explained(code: int, printed: str) -> str:
    assert code == 1
    message = printed.strip()
    assert message.startswith("SheetGPT cannot start: ")
    assert "\n" not in message
    return message


def test_a_second_process_on_the_same_file_is_told_what_to_do(started_product: Product, tmp_path: Path) -> None:
    path = started_product.directory / "product.db"
    message = refused(tmp_path, DATABASE_URL=f"sqlite:///{path}")
    assert f"{path} is served by another process" in message
    assert "DATABASE_URL" in message
    assert httpx.get(f"{started_product.url}/health").json()["status"] == "healthy"


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        assert f"Cannot listen on 127.0.0.1:{port} (Address already in use)" in refused(tmp_path, PORT=str(port))


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL=mysql://x is not understood"),
        ({"DATABASE_URL": "postgresql://me:hidden@127.0.0.1:1/x"}, "postgresql://me:***@127.0.0.1:1/x cannot be used"),
        ({"ENVIRONMENT": "production"}, "SECRET_KEY is not set"),
        ({"ENVIRONMENT": "production", "SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"PORT": "abc"}, "PORT=abc is not valid: write a whole number from 0 to 65535."),
        ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS=* is not valid: list each origin"),
    ],
    ids=["database", "unreachable", "no-key", "short-key", "port", "origins"],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], part: str
) -> None:
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # the log of the tests stays what it is
    ended = CliRunner().invoke(cli, env=environment(tmp_path) | settings)
    assert part in explained(ended.exit_code, ended.output)


def test_help_does_not_import_the_server() -> None:
    script = "import sys, commands.cli; print({'assembly', 'schema', 'sqlalchemy', 'pydantic'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (0, "set()\n")


def test_a_signal_ends_it_with_the_lock_given_back(started_product: Product) -> None:
    assert _ends(started_product, signal.SIGTERM) < 2
    with running(started_product.directory) as again:
        assert _ends(again, signal.SIGINT) < 2


def _ends(started_product: Product, how: signal.Signals) -> float:
    seconds = started_product.stop(how)
    assert not any("Traceback" in line for line in started_product.lines), started_product.lines
    return seconds
