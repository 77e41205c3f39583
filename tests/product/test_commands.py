"""The command line beside a server that runs, and without one; on both databases."""

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from typer.testing import CliRunner

from commands.cli import cli
from db.accounts.administration import perform
from db.core.engine import Database
from db.core.session import Session
from db.core.sqlite import acquire_lock
from db.jobs import jobs
from db.migrations import head
from db.models.jobs import JobStatus
from errors import BadUserInput, NotFound
from tests.support.app import App
from tests.support.client import Client, Refused
from tests.support.processes.product_process import ROOT, running
from tests.support.world import World
from transport import control
from transport.control import CommandFailed, Control, NotServing, ask

ANN, BOB = "ann@example.com", "bob@example.com"
NOBODY = "There is no account with the address nobody@example.com. List the accounts with `users list`."
AUDIT = '{ auditLog(action: "superuser grant") { nodes { actor { id } before after } } }'
ME = "{ me { isSuperuser } }"


def run(url: str, *command: str) -> tuple[int, str]:
    """Exit code and everything printed by a command in this process."""
    ended = CliRunner().invoke(cli, list(command), env={"DATABASE_URL": url, "TERM": "dumb"})
    return ended.exit_code, ended.output.strip()


async def beside(app: App, *command: str) -> tuple[int, str]:
    """Run a command in a thread, while the server keeps running in its event loop."""
    return await asyncio.to_thread(run, app.backend.settings.database_url, *command)


async def test_commands_act_at_once_while_the_server_runs(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    assert await beside(app, "superuser", "grant", " Ann@example.com ") == (0, "ann@example.com is a superuser now.")
    assert (await ann.run(ME))["me"] == {"isSuperuser": True}
    assert await beside(app, "superuser", "grant", "ann@example.com") == (0, "ann@example.com is a superuser already.")
    assert await beside(app, "users", "deactivate", "bob@example.com") == (0, "bob@example.com is deactivated now.")
    with pytest.raises(Refused) as refused:
        await bob.run(ME)
    assert refused.value.codes == ["UNAUTHENTICATED"]
    code, listed = await beside(app, "users", "list")
    displayed = [line.split("  ") for line in listed.splitlines()]
    assert code == 0
    assert [(row[0], row[-1]) for row in displayed] == [
        ("ann@example.com", "superuser"),
        ("bob@example.com", "deactivated"),
    ]
    assert (await beside(app, "users", "list", "--search", "BOB@"))[1].splitlines() == [listed.splitlines()[1]]
    assert await beside(app, "users", "activate", "bob@example.com") == (0, "bob@example.com is active now.")
    last = "This is the last superuser. Make another user a superuser first."
    assert await beside(app, "superuser", "revoke", "ann@example.com") == (1, last)
    assert await beside(app, "superuser", "grant", "bob@example.com") == (0, "bob@example.com is a superuser now.")
    assert await beside(app, "superuser", "revoke", "ann@example.com") == (0, "ann@example.com is no superuser now.")
    with pytest.raises(Refused):  # signed out: the rights are kept with the sign-in
        await ann.run(ME)
    code, text = await beside(app, "superuser", "grant", "nobody@example.com")
    assert (code, text) == (
        1,
        "There is no account with the address nobody@example.com. List the accounts with `users list`.",
    )


async def test_every_command_that_prints_a_result_also_prints_json(app: App) -> None:
    await app.person("ann")

    async def printed(*command: str) -> Any:
        code, text = await beside(app, *command, "--json")
        return code, json.loads(text)

    state = {"email": "ann@example.com", "changed": True}
    for command in ("users deactivate", "users activate", "superuser grant"):
        code, account = await printed(*command.split(), "ann@example.com")
        assert (code, {key: account[key] for key in state}) == (0, state)
    code, (account,) = await printed("users", "list")
    assert (code, account["email"], account["is_superuser"]) == (0, "ann@example.com", True)
    code, account = await printed("superuser", "grant", "ann@example.com")
    assert (code, account["changed"]) == (0, False)


async def test_what_an_operator_did_is_in_the_audit_log(app: App) -> None:
    ann = await app.person("ann")
    await beside(app, "superuser", "grant", "ann@example.com")
    entries = (await ann.run('{ auditLog(action: "superuser grant") { nodes { actor { id } before after } } }'))[
        "auditLog"
    ]
    assert entries["nodes"] == [{"actor": None, "before": {"isSuperuser": False}, "after": {"isSuperuser": True}}]


def test_commands_need_no_server(database_url: str) -> None:
    assert run(database_url, "users", "list") == (0, "")
    assert run(database_url, "users", "deactivate", "nobody@example.com") == (1, NOBODY)
    assert run(database_url, "migrate") == (0, f"The database is at {head()}, the newest revision (as before).")


def test_a_command_makes_no_database_and_migrates_none(tmp_path: Path) -> None:
    path = tmp_path / "typo.db"
    code, text = run(str(path), "users", "list")
    assert code == 1
    assert text.endswith("has no SheetGPT tables: check the URL, or run `python app.py migrate`.")
    assert not path.exists()
    assert run(str(path), "migrate") == (
        0,
        f"The database is at {head()}, the newest revision (migrated from an empty database).",
    )
    assert run(str(path), "users", "list") == (0, "")


def test_what_is_not_a_command_is_explained() -> None:
    assert run("a.db", "users", "ban", "x")[0] == 2
    assert run("a.db", "superuser", "grant")[0] == 2
    assert run("mysql://x", "users", "list")[0] == 1
    code, text = run("a.db", "--help")
    assert code == 0
    assert {"serve", "migrate", "superuser", "users"} <= set(text.split())


def test_a_file_that_is_held_by_what_takes_no_commands_is_named(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commands.operations.HANDOVER_SECONDS", 0)
    with acquire_lock(Path(sqlite_url.removeprefix("sqlite:///"))):
        code, text = run(sqlite_url, "users", "list")
        assert code == 1
        assert f"is in use by process {os.getpid()}, which accepts no commands: stop that process" in text
        assert run(sqlite_url, "migrate")[1].endswith(f"and in use by a server (pid {os.getpid()}).")


async def test_names_cannot_write_to_the_operator_s_terminal(app: App) -> None:
    ann = await app.person("ann")
    await ann.mutate("updateProfile", "{ user { id } }", firstName="\x1b[2J\nroot", lastName="\u202eX")
    _, listed = await beside(app, "users", "list")
    assert "\ufffd[2J root \ufffdX" in listed
    assert listed.isprintable()


async def test_only_known_commands_with_texts_are_performed(database: Database, world: World) -> None:
    await world.person("ann")
    for name, arguments in (
        ("users delete", {"email": "ann@example.com"}),
        ("__class__", {}),
        (None, {}),
        (["users list"], {}),
        ("superuser grant", {}),
        ("superuser grant", {"email": "ann@example.com", "session": "x"}),
        ("superuser grant", {"email": ["ann@example.com"]}),
    ):
        with pytest.raises(BadUserInput, match="does not know the command"):
            await perform(database, name, arguments)
    with pytest.raises(NotFound):
        await perform(database, "superuser grant", {"email": "%"})
    (account,) = await perform(database, "users list", {"search": "ann example"})
    assert account["is_superuser"] is False
    assert await perform(database, "users list", {"search": "%"}) == []


@asynccontextmanager
async def listening(path: Path, answer: Any = None, seconds: float = 0) -> AsyncIterator[Control]:
    async def work(operation: object, arguments: dict[str, Any]) -> Any:
        await asyncio.sleep(seconds)
        if operation == "fail":
            raise RuntimeError("secret")
        return answer or [operation, arguments]

    server = Control(path, work)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_the_socket_is_its_user_s_alone_and_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with pytest.raises(NotServing):
        ask(path, "users list", {})
    async with listening(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await asyncio.to_thread(ask, path, "users list", {"search": "é"}) == ["users list", {"search": "é"}]
    assert not path.exists()
    with pytest.raises(NotServing):
        ask(path, "users list", {})


async def test_a_path_may_be_longer_than_a_socket_s_address(tmp_path: Path) -> None:
    directory = tmp_path / ("d" * 120)
    directory.mkdir()
    async with listening(directory / "a.sock"):
        assert await asyncio.to_thread(ask, directory / "a.sock", "x", {}) == ["x", {}]
    assert list(directory.iterdir()) == []


async def test_a_file_in_the_socket_s_place_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.sock").write_text("mine")
    async with listening(tmp_path / "a.sock"):
        with pytest.raises(NotServing):
            ask(tmp_path / "a.sock", "x", {})
    assert (tmp_path / "a.sock").read_text() == "mine"


async def test_requests_are_bounded_in_size_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(control, "TRANSFER_SECONDS", 0.1)
    monkeypatch.setattr(control, "WORK_SECONDS", 0.1)
    path = tmp_path / "a.sock"

    def exchange(sent: bytes) -> Any:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(path))
            with suppress(BrokenPipeError):
                client.sendall(sent)
            with client.makefile("rb") as answers, suppress(ConnectionResetError):
                return json.loads(answers.readline() or b"null")
        return None

    async with listening(path):
        for wrong in (b"x\n", b"1\n", b"{}\n", b"[" * 50_000 + b"\n", b"x" * 70_000 + b"\n", b'{"operation": 1}\n'):
            assert "Send a JSON object" in (await asyncio.to_thread(exchange, wrong))["error"]
        assert await asyncio.to_thread(exchange, b'{"operation"') is None  # too slow
        failed = await asyncio.to_thread(exchange, b'{"operation": "fail", "arguments": {}}\n')
        assert failed == {"error": "The command failed on the server. See the server's log for the reason."}
        with ExitStack() as idle:
            for _ in range(control.MAX_OPEN):
                waiting = idle.enter_context(socket.socket(socket.AF_UNIX))
                waiting.connect(str(path))
            assert await asyncio.to_thread(exchange, b"{}\n") is None
    async with listening(path, seconds=1):
        with pytest.raises(CommandFailed, match="The server was too busy"):
            await asyncio.to_thread(ask, path, "x", {})
    assert [record.getMessage() for record in caplog.records] == ["Unexpected error in the command 'fail'"]


def test_a_command_in_a_process_of_its_own_closes_sockets_within_a_second(database_url: str, tmp_path: Path) -> None:
    """As a user runs it: `python app.py` in one terminal, `python app.py users deactivate` in another."""
    with running(tmp_path, DATABASE_URL=database_url) as product:
        code, seconds, text = asyncio.run(deactivated(product.url, database_url))
        assert text == "ann@example.com is deactivated now.\n"
        assert code == 4403
        assert seconds < 1
        path = Path(database_url.removeprefix("sqlite:///") + ".sock")
        assert path.exists() is database_url.startswith("sqlite")
        product.stop()
        assert not path.exists()


async def deactivated(url: str, database_url: str) -> tuple[int | None, float, str]:
    """Return a socket's close code, the seconds from the end of the command to the close, and the command's output."""
    async with httpx.AsyncClient(timeout=10) as http:
        ann = Client(url, http)
        await ann.sign_up("ann@example.com")
        async with ann.socket() as opened:
            command = [sys.executable, "app.py", "users", "deactivate", "ann@example.com"]
            environment = {**os.environ, "DATABASE_URL": database_url}
            done = await asyncio.to_thread(
                subprocess.run, command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30
            )
            assert done.returncode == 0, done.stderr
            ended = time.monotonic()
            with pytest.raises(websockets.ConnectionClosed):
                await asyncio.wait_for(opened.connection.recv(), 5)
            return opened.connection.close_code, time.monotonic() - ended, done.stdout


async def test_accounts_are_created_and_get_new_passwords_while_the_server_runs(app: App) -> None:
    code, printed = await beside(
        app, "users", "create", " Cy@Example.com ", "--first-name", "Cy", "--generate", "--json"
    )
    created = json.loads(printed)
    assert (code, created["email"], created["name"]) == (0, "cy@example.com", "Cy")
    client = app.client()
    credentials = {"email": "cy@example.com", "password": created["password"]}
    session = "{ user { isEmailVerified } session { accessToken } }"
    signed_in = await client.mutate("logIn", session, **credentials)
    assert signed_in["user"] == {"isEmailVerified": True}
    client.token = signed_in["session"]["accessToken"]
    assert await beside(app, "users", "create", "cy@example.com", "--generate") == (
        1,
        "An account with this e-mail address already exists. Log in instead.",
    )
    code, printed = await beside(app, "users", "reset-password", "cy@example.com", "--generate")
    assert (code, printed.splitlines()[0]) == (0, "cy@example.com has a new password and is signed out.")
    for refused in (client.run(ME), app.client().mutate("logIn", session, **credentials)):
        with pytest.raises(Refused) as caught:
            await refused
        assert caught.value.codes == ["UNAUTHENTICATED"]
    credentials["password"] = printed.splitlines()[1].removeprefix("Password: ")
    await app.client().mutate("logIn", session, **credentials)
    assert await beside(app, "users", "reset-password", "nobody@example.com", "--generate") == (1, NOBODY)


def test_a_password_is_read_from_standard_input_and_must_follow_the_rules(sqlite_url: str) -> None:
    def create(password: str) -> tuple[int, str]:
        ended = CliRunner().invoke(
            cli, ["users", "create", "a@example.com"], env={"DATABASE_URL": sqlite_url}, input=f"{password}\n"
        )
        return ended.exit_code, ended.output.strip()

    assert create("short")[0] == 1
    assert create("correct horse 9") == (0, "a@example.com is created.")


def test_the_check_names_what_works_and_what_does_not(database_url: str, tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": database_url,
        "FILES_DIR": str(tmp_path / "files"),
        "MAIL_DIR": str(tmp_path / "mail"),
        "SECRET_KEY": "a key of the tests that is long enough",
        "TERM": "dumb",
    }
    ended = CliRunner().invoke(cli, ["check", "--json"], env=environment)
    results = {result["name"]: result for result in json.loads(ended.output)}
    assert (ended.exit_code, list(results)) == (0, ["settings", "database", "disk", "llm"])
    assert {result["problem"] for result in results.values()} == {None}
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
    broken = environment | {
        "SMTP_URL": f"smtp+plain://127.0.0.1:{port}",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
        "MIN_FREE_MEGABYTES": "10000000",
    }
    ended = CliRunner().invoke(cli, ["check"], env=broken)
    failed = [line.split()[1].rstrip(":") for line in ended.output.splitlines() if line.startswith("FAILED")]
    assert (ended.exit_code, failed) == (1, ["disk", "mail", "llm"])
    assert CliRunner().invoke(cli, ["check", "mail"], env=environment).output.startswith("ok      mail: is written to")
    assert CliRunner().invoke(cli, ["check", "llm"], env=broken).exit_code == 1
    empty = environment | {"DATABASE_URL": str(tmp_path / "empty.db")}
    ended = CliRunner().invoke(cli, ["check"], env=empty)
    assert (ended.exit_code, "is empty; the next start migrates it to" in ended.output) == (0, True)
    assert not (tmp_path / "empty.db").exists()


async def test_jobs_are_listed_while_the_server_runs(app: App) -> None:
    def unit(session: Session, error: str) -> None:
        job = jobs.enqueue(session, f"unheard-{error.lower()}", session.personal_organization_id)
        session.flush()
        if error != "NONE":
            jobs.end(session, job, JobStatus.FAILED)
            job.error_code, job.error_message = error, "It \x1b[2J broke."

    viewer = await World(app.backend.database).person("bob")
    for error in ("NONE", "UPSTREAM_FAILED"):
        await app.backend.database.write(unit, viewer, error)
    code, printed = await beside(app, "jobs")
    assert (code, printed.split()[1:3], len(printed.splitlines())) == (0, ["QUEUED", "unheard-none"], 1)
    code, printed = await beside(app, "jobs", "--failed")
    assert (code, printed.endswith("attempt 0  UPSTREAM_FAILED: It \ufffd[2J broke.")) == (0, True)
    (listed,) = json.loads((await beside(app, "jobs", "--failed", "--json"))[1])
    assert (listed["kind"], listed["error_code"]) == ("unheard-upstream_failed", "UPSTREAM_FAILED")
