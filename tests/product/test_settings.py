"""What an operator sets: the secret key in each of its forms, and settings that the server cannot start with."""

import stat
from pathlib import Path
from typing import Any

import pytest

from assembly import assemble, mailer
from integrations.mail import FileMailer, SMTPMailer
from keys import secrets_of
from settings import Misconfigured, Settings
from tests.support.app import site_over
from tests.support.client import Client, Refused

KEY, NEXT = "the first key of the tests is long enough", "a second key of the tests is long enough"


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET_KEY", "jwt_secret_key"])
def test_the_key_has_two_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, KEY)
    assert secrets_of(settings()) == (KEY.encode(),)


@pytest.mark.parametrize("name", ["SECRET_KEY_FILE", "JWT_SECRET_KEY_FILE"])
def test_the_key_may_be_in_a_file(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv(name, str(tmp_path / "key"))
    assert secrets_of(settings(environment="production")) == (KEY.encode(),)


def test_a_key_file_that_cannot_be_read_or_is_not_the_only_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"SECRET_KEY_FILE=.*/none cannot be read"):
        secrets_of(settings(secret_key_file=tmp_path / "none"))
    (tmp_path / "key").write_bytes(b"\xff" * 40)
    with pytest.raises(Misconfigured, match="cannot be read"):
        secrets_of(settings(secret_key_file=tmp_path / "key"))
    with pytest.raises(Misconfigured, match="both set"):
        secrets_of(settings(secret_key=KEY, secret_key_file=tmp_path / "key"))


@pytest.mark.parametrize("key", [None, "", "short", "changeme-changeme-changeme-changeme", "abcd" * 10])
def test_production_refuses_a_key_that_anybody_guesses(key: str | None, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        secrets_of(settings(environment="production", secret_key=key))
    if key:
        with pytest.raises(Misconfigured, match="SECRET_KEY"):
            secrets_of(settings(environment="production", secret_key=KEY, secret_keys_previous=f"{NEXT}, {key}"))
    (tmp_path / "key").write_text(key or "")
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        secrets_of(settings(environment="production", secret_key_file=tmp_path / "key"))


def test_development_keeps_a_random_key_beside_the_database(tmp_path: Path) -> None:
    given = settings(database_url=f"sqlite:///{tmp_path / 'new.db'}")
    (key,) = secrets_of(given)
    path = tmp_path / "new.db.key"
    assert (len(key), key) == (64, path.read_bytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secrets_of(given) == (key,)


async def test_what_a_key_from_before_signed_is_good_and_nothing_new_is_signed_with_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    async def email(client: Client) -> str:
        return str((await client.run("{ me { email } }"))["me"]["email"])

    async with site_over(sqlite_url, tmp_path, secret_key=KEY) as site:
        old = (await site.person("ann")).token
    async with site_over(sqlite_url, tmp_path, secret_key=NEXT, secret_keys_previous=f"{KEY} , ") as site:
        assert site.backend.secrets == (NEXT.encode(), KEY.encode())
        ann, bob = site.client(), await site.person("bob")
        ann.token = old
        assert await email(ann) == "ann@example.com"
    async with site_over(sqlite_url, tmp_path, secret_key=NEXT) as site:
        for token, good in ((old, False), (bob.token, True)):
            client = site.client()
            client.token = token
            if good:
                assert await email(client) == "bob@example.com"
                continue
            with pytest.raises(Refused) as caught:
                await email(client)
            assert caught.value.codes == ["UNAUTHENTICATED"]


def test_mail_goes_to_the_server_that_is_named_and_else_into_files(tmp_path: Path) -> None:
    assert isinstance(mailer(settings()), FileMailer)
    assert isinstance(mailer(settings(smtp_url="smtps://u:p@mail.example.com")), SMTPMailer)
    given = settings(smtp_url="mail.example.com", database_url=f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(Misconfigured, match="SMTP_URL is not understood: write it as smtps://"):
        assemble(given)


def test_secrets_are_not_shown_with_the_settings() -> None:
    shown = repr(settings(secret_key=KEY, secret_keys_previous=NEXT, smtp_url="smtps://u:hidden@mail.example.com"))
    assert [secret for secret in (KEY, NEXT, "hidden") if secret in shown] == []
