"""Commands about organizations and stored data, beside a server that runs and without one; on both databases."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assembly.administration import Administration
from commands.cli import cli
from db.accounts import personal_data
from db.models.users import User
from errors import BadUserInput
from tests.support.app import SECRET, App, open_app
from tests.support.client import Client, Refused
from tests.support.scripted_llm import send
from tests.support.tables.exported_files import exported

MEMBERS = "{ organizations { nodes { name members { nodes { role } } } } }"
RESTORE = "mutation($id: ID!) { restore(input: {id: $id}) { node { id } } }"


def run(settings: dict[str, str], *command: str) -> tuple[int, str]:
    """Run a command in this process; return its exit code and everything it prints."""
    ended = CliRunner().invoke(cli, list(command), env={"TERM": "dumb", **settings})
    return ended.exit_code, ended.output.strip()


def environment(url: str, directory: Path) -> dict[str, str]:
    return {"DATABASE_URL": url, "FILES_DIR": str(directory / "files"), "SECRET_KEY": SECRET}


async def beside(app: App, *command: str) -> tuple[int, str]:
    """Run a command in a thread, while the server keeps running in its event loop."""
    settings = app.backend.settings
    return await asyncio.to_thread(run, environment(settings.database_url, settings.files_dir.parent), *command)


async def printed(app: App, *command: str) -> Any:
    code, text = await beside(app, *command, "--json")
    assert code == 0, text
    return json.loads(text)


async def test_an_organization_without_admins_gets_one(app: App) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    id_ = await app.organization(ann, bob)
    await ann.mutate("updateOrganization", "{ organization { id } }", id=id_, name="Acme \x1b[2J")
    (listed,) = await printed(app, "organizations", "list")
    assert (listed["members"], listed["admins"], listed["is_personal"]) == (2, 1, False)
    code, text = await beside(app, "organizations", "list", "--search", "aCm")
    assert (code, text.isprintable(), listed["id"] in text) == (0, True, True)
    assert await printed(app, "organizations", "list", "--search", "%") == []
    assert len(await printed(app, "organizations", "list", "--personal")) == 3
    for name in (listed["id"], listed["name"].upper()):
        members = await printed(app, "organizations", "members", name)
        assert [(each["email"], each["role"]) for each in members] == [
            ("ann@example.com", "ADMIN"),
            ("bob@example.com", "MEMBER"),
        ]
    cy = await app.person("cy")
    for email, changed in (("bob@example.com", True), ("CY@example.com", True), ("cy@example.com", False)):
        result = await printed(app, "organizations", "make-admin", listed["id"], email)
        assert result["changed"] is changed
    (organization,) = [each for each in (await cy.run(MEMBERS))["organizations"]["nodes"] if "Acme" in each["name"]]
    assert {each["role"] for each in organization["members"]["nodes"]} == {"ADMIN"}


async def test_no_organization_is_guessed(app: App) -> None:
    ann = await app.person("ann")
    for _ in range(2):
        await ann.mutate("createOrganization", "{ organization { id } }", name="Twin")
    for name, problem in (("twin", "Several organizations have"), ("none", "There is no organization with")):
        assert await beside(app, "organizations", "make-admin", name, "ann@example.com") == (
            1,
            f"{problem} the name or id {name}. Name one by an id of `organizations list`.",
        )
    twin = (await printed(app, "organizations", "list"))[0]["id"]
    assert (await beside(app, "organizations", "make-admin", twin, "nobody@example.com"))[0] == 1
    personal = next(each for each in await printed(app, "organizations", "list", "--personal") if each["is_personal"])
    code, text = await beside(app, "organizations", "make-admin", personal["id"], "ann@example.com")
    assert (code, "is a personal organization" in text) == (1, True)
    assert [each["admins"] for each in await printed(app, "organizations", "list")] == [1, 1]


async def test_deleted_data_is_erased_at_once(app: App) -> None:
    ann = await app.person("ann")
    created = await ann.mutate("createConversation", "{ conversation { id } }", title="Gone")
    id_ = created["conversation"]["id"]
    await ann.mutate("deleteConversation", "{ deletedId }", id=id_)
    assert (await printed(app, "purge"))["rows"] == 0
    await ann.run(RESTORE, id=id_)
    await ann.mutate("deleteConversation", "{ deletedId }", id=id_)
    assert (await printed(app, "purge", "--days", "0"))["rows"] >= 1
    with pytest.raises(Refused):
        await ann.run(RESTORE, id=id_)
    assert (await beside(app, "purge", "--days", "-1"))[0] == 2
    administration = Administration(app.backend.database, app.backend.settings)
    for days in ("", "x", "3651", "١"):
        with pytest.raises(BadUserInput, match="write a whole number"):
            await administration.perform("purge", {"days": days})


async def with_everything(client: Client) -> str:
    """Give a person a table with its history, an attached and an exported file, and a key, whose secret is returned."""
    await send(client, "name,amount\nTaxi,12.50\nHotel,99\n", wait=True)
    columns = [{"name": "Item", "type": "TEXT"}]
    created = await client.mutate("createTable", "{ table { id } }", name="Costs: 2026/11", columns=columns)
    table_id = created["table"]["id"]
    await client.mutate("addRows", "{ revision { number } }", tableId=table_id, rows=[{"Item": "Grüße"}])
    await exported(client, table_id, destination="CSV")
    file = ("no/te.txt", "Grüße".encode())
    variables = {"text": "See the file", "attachments": [None], "wait": True}
    await client.upload("sendMessage", "{ message { id } }", {"attachments.0": file}, **variables)
    key = await client.mutate("createApiKey", "{ secret }", name="script", scopes=["READ"])
    return str(key["secret"])


async def test_everything_of_one_person_and_nothing_of_others_is_exported(app: App, tmp_path: Path) -> None:
    ann, bob = await app.person("ann"), await app.person("bob")
    key = await with_everything(ann)
    await send(bob, "Bob's secret plan", wait=True)
    created = await ann.mutate("createConversation", "{ conversation { id } }", title="Deleted, not erased")
    await ann.mutate("deleteConversation", "{ deletedId }", id=created["conversation"]["id"])
    result = await printed(app, "export-data", " Ann@Example.com ", str(tmp_path / "out"))
    directory = Path(result["path"])
    assert [path.name for path in (tmp_path / "out").iterdir()] == [directory.name]  # nothing is left beside it
    assert (result["email"], result["missing"]) == ("ann@example.com", [])
    files = {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*.*")}
    (table,) = [content for name, content in files.items() if re.fullmatch(r"tables/Costs 2026 11-\w{8}\.csv", name)]
    assert table.decode() == "\ufeffItem\r\nGrüße\r\n"
    (attachment,) = [content for name, content in files.items() if name.startswith("attachments/")]
    assert attachment.decode() == "Grüße"
    assert len([name for name in files if name.startswith("exports/")]) == 1
    rows = {
        name: [json.loads(line) for line in content.splitlines()] for name, content in files.items() if "data/" in name
    }
    assert [row["title"] for row in rows["data/conversations.jsonl"]][-1] == "Deleted, not erased"
    assert {row["role"] for row in rows["data/messages.jsonl"]} == {"USER", "ASSISTANT"}
    assert {"data/audit_entries.jsonl", "data/sign_ins.jsonl", "data/cell_changes.jsonl"} <= rows.keys()
    assert {name: len(each) for name, each in rows.items()} == {
        f"data/{name}.jsonl": count for name, count in result["rows"].items()
    }
    everything = b"".join(files.values())
    (user,) = rows["data/users.jsonl"]
    assert (user["email"], "password_hash" in user) == ("ann@example.com", False)
    assert ann.token
    for secret in ("secret plan", "bob@", "$argon2", "refresh_token", ann.token, key):
        assert secret.encode() not in everything
    code, text = await beside(app, "export-data", "nobody@example.com", str(tmp_path / "out"))
    assert (code, text.startswith("There is no account with the address")) == (1, True)
    (tmp_path / "file").write_text("")
    code, text = await beside(app, "export-data", "ann@example.com", str(tmp_path / "file"))
    assert (code, "Name a directory with room for the export" in text) == (1, True)


async def test_storage_is_measured_also_without_a_server(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = environment(database_url, tmp_path)
    async with open_app(database_url, tmp_path) as app:
        await with_everything(await app.person("ann"))
        served = await printed(app, "storage")
    code, text = await asyncio.to_thread(run, settings, "storage", "--json")
    assert code == 0, text
    measured = json.loads(text)
    assert measured["files_bytes"] == served["files_bytes"]
    assert measured["files_bytes"]["attachments"] == len("Grüße".encode())
    (organization,) = measured["organizations"]
    assert (organization["attachments"], organization["exports"]) == (7, measured["files_bytes"]["exports"])
    assert min(measured["database_bytes"], measured["free_bytes"], measured["files_bytes"]["exports"]) > 0
    code, text = await asyncio.to_thread(run, settings, "storage")
    assert (code, text.count("\n")) == (0, 5)
    assert "attachments" in text
    assert await asyncio.to_thread(run, settings, "purge") == (0, "0 rows and 0 files are erased.")
    monkeypatch.chdir(tmp_path)  # a relative directory
    assert (await asyncio.to_thread(run, settings, "export-data", "ann@example.com", "out"))[0] == 0
    assert (await asyncio.to_thread(run, settings, "backup", "backups"))[0] == (0 if "sqlite" in database_url else 1)


def test_no_model_of_people_is_forgotten_and_no_secret_is_a_column_of_an_export() -> None:
    names = {model.__tablename__ for model in personal_data.models()}
    assert {"conversations", "messages", "tables", "rows", "usages", "notifications", "identities"} <= names
    assert names.isdisjoint({"jobs", "refresh_tokens", "sign_in_codes", "idempotency_keys", "google_consents"})
    keys = [column.key for column in User.__mapper__.column_attrs]
    assert [key for key in keys if personal_data._is_secret(key, getattr(User, key))] == ["password_hash"]
