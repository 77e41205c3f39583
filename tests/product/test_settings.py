"""Settings: wrong values, old names, and the secret key in each of its forms."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import AliasChoices

from assembly.components import create_database, create_mailer
from assembly.product import assemble
from commands.server import configured_settings
from hosting import Hosted
from integrations.mail import FileMailer, SMTPMailer
from keys import load_secrets
from preflight import check_settings, masked
from settings.loading import RENAMED, load_settings, renamed_settings_in_use
from settings.settings import Misconfigured, Settings
from tests.support.app import open_app
from tests.support.client import Client, Refused
from tests.support.processes.product_process import ROOT
from transport.core import logs

KEY, NEXT = "the first key of the tests is long enough", "a second key of the tests is long enough"


def settings(**arguments: Any) -> Settings:
    return Settings(_env_file=None, **arguments)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "abc", "write a whole number from 0 to 65535."),
        ("PORT", "65536", "write a whole number from 0 to 65535."),
        ("MAX_BODY_BYTES", "5", "write a whole number, at least 1000."),
        ("RUN_JOBS", "maybe", "write 1 (yes) or 0 (no)."),
        ("METRICS_PORT", "x", "write a whole number from 0 to 65535."),
        ("CORS_ORIGINS", "app.example.com", "list each origin"),
        ("LOG_LEVEL", "LOUD", "choose one of DEBUG, INFO, WARNING, ERROR."),
        ("CURRENCY", "usd", "write the three capital letters of an ISO 4217 code, such as USD or EUR."),
        ("REDIS_PREFIX", "a b", "use 1 to 64 letters, digits, dots, underscores or hyphens."),
        ("LOG_IN_LIMIT_ACCOUNT", "10/minute", "write a rate such as `20 per hour` or `10 per 15 minutes`; the units "),
        ("CORS_ORIGINS", "*", "list each origin, such as `https://app.example.com, http://localhost:5173`, without "),
        ("CORS_ORIGINS", "https://a.example/path", "list each origin"),
        ("PUBLIC_URL", "sheets.example", "write an address that begins with http:// or https://."),
        ("MAIL_FROM", "nobody", "write one e-mail address, such as me@example.com."),
        ("APP_NAME", " ", "write a name of 1 to 60 characters on one line."),
        ("APP_NAME", "Acme\nBcc: eve@example.com", "write a name of 1 to 60 characters on one line."),
        ("OPENAI_TEMPERATURE", "warm", "write a number from 0 to 2."),
        ("OPENAI_TEMPERATURE", "nan", "write a number from 0 to 2."),
        ("OPENAI_MAX_TOKENS", "15", "write a whole number from 16 to 10000000."),
        ("PASSWORD_HASH_ROUNDS", "0", "write a whole number from 1 to 100."),
        ("PASSWORD_HASH_MEGABYTES", "7", "write a whole number from 8 to 1024."),
        ("SHEET_LINK_SECONDS", "soon", "write a number from 0.05 to 3600."),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    name = {"OPENAI_MAX_TOKENS": "OPENAI_MAX_OUTPUT"}.get(name, name)
    assert str(refused.value).startswith(f"{name}={value} is not valid: {allowed}")


def test_every_wrong_value_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("JOBS", "perhaps")
    with pytest.raises(Misconfigured, match=r"^PORT=x is not valid: .*\. RUN_JOBS=perhaps is not valid: "):
        load_settings()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PORT=8001\nthis is no setting\n", ".env, line 2, is not understood: write NAME=value, and close every"),
        (b"# A comment\n\n\nSECRET_KEY='no end\nPORT=8001\n", ".env, line 4, is not understood: write NAME=value"),
        ("PORT=8001\nAPP_NAME=Grüße\n".encode("latin-1"), ".env, line 2, is not in UTF-8: save the file in UTF-8."),
    ],
)
def test_a_broken_line_is_refused_and_not_shown(
    content: bytes, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    assert str(refused.value).startswith(message)
    assert "no end" not in str(refused.value)


def test_what_editors_and_shells_write_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["PORT=8001", "", "export HOST='0.0.0.0'  # all", 'MAIL_FROM="a@example.com"', "# x", "LONE"]
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    read = load_settings()
    assert (read.port, read.host, read.mail_from) == (8001, "0.0.0.0", "a@example.com")


def test_no_setting_explains_itself_by_a_regular_expression() -> None:
    """A `pattern` of pydantic's would show itself to the operator."""
    schemas = Settings.model_json_schema()["properties"]
    assert [name for name, schema in schemas.items() if "pattern" in schema] == []


def test_old_names_are_read_and_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("EXPORTS_KEPT_DAYS=3\nTITLES=\n")
    monkeypatch.setenv("JOBS", "0")
    read = load_settings()
    assert (read.run_jobs, read.export_retention_days, read.title_source) == (False, 3, "model")
    assert list(renamed_settings_in_use()) == [("JOBS", "RUN_JOBS"), ("EXPORTS_KEPT_DAYS", "EXPORT_RETENTION_DAYS")]
    monkeypatch.setenv("RUN_JOBS", "1")
    assert load_settings().run_jobs is True


def test_every_old_name_leads_to_a_setting() -> None:
    for old, new in RENAMED.items():
        aliases = Settings.model_fields[new.lower()].validation_alias
        assert isinstance(aliases, AliasChoices)
        assert aliases.choices == [new.lower(), old.lower()]


def test_an_old_name_is_reported_in_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # keeps the handlers of the tests
    monkeypatch.setenv("JOBS", "0")
    configured_settings()
    assert caplog.messages == ["The setting JOBS is now called RUN_JOBS. The old name still works: please rename it."]


def test_a_password_in_a_wrong_url_is_not_shown() -> None:
    with pytest.raises(Misconfigured, match=r"^DATABASE_URL=mysql://me:\*\*\*@host/name is not understood"):
        create_database(settings(database_url="mysql://me:hidden@host/name"))


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET_KEY", "jwt_secret_key"])
def test_the_key_has_two_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, KEY)
    assert load_secrets(settings()) == (KEY.encode(),)


@pytest.mark.parametrize("name", ["SECRET_KEY_FILE", "JWT_SECRET_KEY_FILE"])
def test_the_key_may_be_in_a_file(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv(name, str(tmp_path / "key"))
    assert load_secrets(settings(environment="production")) == (KEY.encode(),)


def test_a_key_file_that_cannot_be_read_or_is_not_the_only_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"SECRET_KEY_FILE=.*/none cannot be read"):
        load_secrets(settings(secret_key_file=tmp_path / "none"))
    (tmp_path / "key").write_bytes(b"\xff" * 40)
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_secrets(settings(secret_key_file=tmp_path / "key"))
    with pytest.raises(Misconfigured, match="both set"):
        load_secrets(settings(secret_key=KEY, secret_key_file=tmp_path / "key"))


@pytest.mark.parametrize("key", [None, "", "short", "changeme-changeme-changeme-changeme", "abcd" * 10])
def test_production_refuses_a_key_that_anybody_guesses(key: str | None, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        load_secrets(settings(environment="production", secret_key=key))
    if key:
        with pytest.raises(Misconfigured, match="SECRET_KEY"):
            load_secrets(settings(environment="production", secret_key=KEY, secret_keys_previous=f"{NEXT}, {key}"))
    (tmp_path / "key").write_text(key or "")
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        load_secrets(settings(environment="production", secret_key_file=tmp_path / "key"))


def test_development_keeps_a_random_key_beside_the_database(tmp_path: Path) -> None:
    arguments = settings(database_url=f"sqlite:///{tmp_path / 'new.db'}")
    (key,) = load_secrets(arguments)
    path = tmp_path / "new.db.key"
    assert (len(key), key) == (64, path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_secrets(arguments) == (key,)


async def test_what_a_key_from_before_signed_is_good_and_nothing_new_is_signed_with_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    async def email(client: Client) -> str:
        return str((await client.run("{ me { email } }"))["me"]["email"])

    async with open_app(sqlite_url, tmp_path, secret_key=KEY) as app:
        old = (await app.person("ann")).token
    async with open_app(sqlite_url, tmp_path, secret_key=NEXT, secret_keys_previous=f"{KEY} , ") as app:
        assert app.backend.secrets == (NEXT.encode(), KEY.encode())
        ann, bob = app.client(), await app.person("bob")
        ann.token = old
        assert await email(ann) == "ann@example.com"
    async with open_app(sqlite_url, tmp_path, secret_key=NEXT) as app:
        for token, good in ((old, False), (bob.token, True)):
            client = app.client()
            client.token = token
            if good:
                assert await email(client) == "bob@example.com"
                continue
            with pytest.raises(Refused) as caught:
                await email(client)
            assert caught.value.codes == ["UNAUTHENTICATED"]


def test_mail_goes_to_the_server_that_is_named_and_else_into_files(tmp_path: Path) -> None:
    assert isinstance(create_mailer(settings()), FileMailer)
    assert isinstance(create_mailer(settings(smtp_url="smtps://u:p@mail.example.com")), SMTPMailer)
    arguments = settings(smtp_url="mail.example.com", database_url=f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(Misconfigured, match=r"SMTP_URL is not a mail server's URL\. Write it as smtps://"):
        assemble(arguments)


def test_secrets_are_not_shown_with_the_settings() -> None:
    displayed = repr(settings(secret_key=KEY, secret_keys_previous=NEXT, smtp_url="smtps://u:hidden@mail.example.com"))
    assert [secret for secret in (KEY, NEXT, "hidden") if secret in displayed] == []


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("ENV", "Production", "environment", "production"),
        ("LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("log_level", "warn", "log_level", "WARNING"),
        ("LOG_FORMAT", "JSON", "log_format", "json"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "5", "access_token_minutes", 5),
        ("REFRESH_TOKEN_EXPIRE_DAYS", "5", "refresh_token_days", 5),
        (
            "CORS_ORIGINS",
            '["https://a.example", "http://b.example:1"]',
            "origins",
            ["https://a.example", "http://b.example:1"],
        ),
        ("ALLOWED_HOSTS", '["a.example"]', "hosts", ["a.example"]),
        ("DATABASE_URL", "sqlite+aiosqlite:///a.db", "database_url", "sqlite:///a.db"),
        ("DATABASE_URL", "postgresql+asyncpg://me:p@host/x", "database_url", "postgresql://me:p@host/x"),
        ("DATABASE_URL", "postgres+psycopg://me@host/x", "database_url", "postgres://me@host/x"),
        ("TRUSTED_PROXIES", '["10.0.0.1", "10.0.0.2"]', "trusted_proxies", "10.0.0.1, 10.0.0.2"),
    ],
)
def test_spellings_that_people_bring_are_read(
    name: str, value: str, field: str, expected: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    assert getattr(load_settings(), field) == expected


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DATABASE_URI", "DATABASE_URL"),
        ("LOG_LEVL", "LOG_LEVEL"),
        ("secret_keys", "SECRET_KEY"),
        ("FILE_DIR", "FILES_DIR"),
    ],
)
def test_a_mistyped_name_is_refused_with_the_one_that_was_meant(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"{name}=1\n")
    with pytest.raises(Misconfigured, match=f"^{name.upper()} is not a setting: write {meant}, or remove it.$"):
        load_settings()


@pytest.mark.parametrize(
    "name",
    ["HOSTNAME", "POSTGRES_PORT", "SHEETGPT_PORT", "PATH", "LOGNAME", "PYTHONPATH", "HOME", "REDIS_PORT"],
)
def test_other_names_of_an_environment_are_ignored(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "x")
    load_settings()


def test_a_secret_that_is_refused_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METRICS_TOKEN", "hunter2")
    with pytest.raises(Misconfigured, match=r"^METRICS_TOKEN is not valid: write at least 16 characters.$"):
        load_settings()


@pytest.mark.parametrize(
    ("url", "displayed"),
    [
        ("mysql://me:p@ss/w@host/x", "mysql://me:***@host/x"),
        ("postgresql://me:hid/d@en@host/x", "postgresql://me:***@host/x"),
        (
            "postgresql://host/x?user=me&password=hidden&sslmode=require",
            "postgresql://host/x?user=me&password=***&sslmode=require",
        ),
        ("postgresql://me@host/x", "postgresql://me@host/x"),
    ],
)
def test_no_password_of_any_shape_is_shown(url: str, displayed: str) -> None:
    assert masked(url) == displayed


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("database_url", "{tmp}/none/a.db", "the directory {tmp}/none does not exist"),
        ("database_url", "{tmp}", "is a directory: name a file in it"),
        ("database_url", "postgresql://me:a@b@host/x", "with %40 for @ and %2F for / in the password"),
        ("database_url", ":memory:", "is not understood: name a file"),
        ("files_dir", "{tmp}/file/x", "{tmp}/file is a file. Name a directory"),
        ("files_dir", "/proc/x", "cannot write in /proc"),
        ("mail_dir", "/proc/x", "MAIL_DIR=/proc/x"),
        ("google_service_account_file", "{tmp}/none", "GOOGLE_SERVICE_ACCOUNT_FILE={tmp}/none does not exist"),
        ("secret_key_file", "{tmp}/none", "SECRET_KEY_FILE={tmp}/none cannot be read"),
    ],
)
def test_what_the_server_cannot_work_with_is_refused_before_it_starts(
    field: str, value: str, part: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    usual = {"database_url": str(tmp_path / "a.db"), "files_dir": tmp_path / "f", "mail_dir": tmp_path / "m"}
    check_settings(settings(**usual))
    with pytest.raises(Misconfigured) as refused:
        check_settings(settings(**usual | {field: value.format(tmp=tmp_path)}))
    assert part.format(tmp=tmp_path) in str(refused.value)


def test_a_refused_start_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import runpy, sys, atexit; sys.argv = ['app.py']\n"
        "atexit.register(lambda: print({'assembly', 'schema', 'sqlalchemy', 'strawberry'} & set(sys.modules)))\n"
        "runpy.run_path('app.py', run_name='__main__')"
    )
    environment = os.environ | {"DATABASE_URL": str(tmp_path / "none" / "a.db")}
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "set()\n")
    assert ended.stderr.count("\n") == 1


async def test_another_server_may_serve_the_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "FILES_DIR", "MAIL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    received: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    hosted = Hosted()
    with pytest.raises(RuntimeError, match="lifespan"):
        await hosted({"type": "http"}, received.get, sent.put)
    living = asyncio.create_task(hosted({"type": "lifespan"}, received.get, sent.put))
    await received.put({"type": "lifespan.startup"})
    assert await sent.get() == {"type": "lifespan.startup.complete"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(hosted)) as http:
        assert (await http.get("http://site/health")).json()["status"] == "healthy"
    await received.put({"type": "lifespan.shutdown"})
    assert await sent.get() == {"type": "lifespan.shutdown.complete"}
    await living
    monkeypatch.setenv("PORT", "x")
    await received.put({"type": "lifespan.startup"})
    await hosted({"type": "lifespan"}, received.get, sent.put)
    refused = await sent.get()
    assert "PORT=x is not valid" in refused["message"]
