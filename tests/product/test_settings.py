"""Settings: wrong values, old names, and the secret key in each of its forms."""

import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices

from assembly import assemble, create_database, create_mailer
from commands import configured_settings
from integrations.mail import FileMailer, SMTPMailer
from keys import load_secrets
from settings import RENAMED, Misconfigured, Settings, load_settings, renamed_settings_in_use
from tests.support.app import open_app
from tests.support.client import Client, Refused
from transport.core import logs

KEY, NEXT = "the first key of the tests is long enough", "a second key of the tests is long enough"


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "abc", "write a whole number from 0 to 65535."),
        ("PORT", "65536", "write a whole number from 0 to 65535."),
        ("MAX_BODY_BYTES", "5", "write a whole number, at least 1000."),
        ("RUN_JOBS", "maybe", "write 1 (yes) or 0 (no)."),
        ("LOG_LEVEL", "LOUD", "choose one of DEBUG, INFO, WARNING, ERROR."),
        ("CURRENCY", "usd", "write the three capital letters of an ISO 4217 code, such as USD or EUR."),
        ("REDIS_PREFIX", "a b", "use 1 to 64 letters, digits, dots, underscores or hyphens."),
        ("LOG_IN_LIMIT_ACCOUNT", "10/minute", "write a rate such as `20 per hour` or `10 per 15 minutes`; the units "),
        ("CORS_ORIGINS", "*", "list each origin, such as `https://app.example.com, http://localhost:5173`, without "),
        ("CORS_ORIGINS", "https://a.example/path", "list each origin"),
        ("PUBLIC_URL", "sheets.example", "write an address that begins with http:// or https://."),
        ("MAIL_FROM", "nobody", "write one e-mail address, such as me@example.com."),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{name}={value} is not valid: {allowed}")


def test_every_wrong_value_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("JOBS", "perhaps")
    with pytest.raises(Misconfigured, match=r"^PORT=x is not valid: .*\. RUN_JOBS=perhaps is not valid: "):
        load_settings()


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
    given = settings(database_url=f"sqlite:///{tmp_path / 'new.db'}")
    (key,) = load_secrets(given)
    path = tmp_path / "new.db.key"
    assert (len(key), key) == (64, path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_secrets(given) == (key,)


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
    given = settings(smtp_url="mail.example.com", database_url=f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(Misconfigured, match=r"SMTP_URL is not a mail server's URL\. Write it as smtps://"):
        assemble(given)


def test_secrets_are_not_shown_with_the_settings() -> None:
    shown = repr(settings(secret_key=KEY, secret_keys_previous=NEXT, smtp_url="smtps://u:hidden@mail.example.com"))
    assert [secret for secret in (KEY, NEXT, "hidden") if secret in shown] == []
