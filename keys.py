"""Signing keys: configured, stored in a file, or generated for development."""

import contextlib
import secrets
from pathlib import Path

from pydantic import SecretStr

from auth.secrets import require_secret
from settings.settings import Misconfigured, Settings


def load_secrets(settings: Settings) -> tuple[bytes, ...]:
    """Return the signing key, followed by former keys whose signatures are still valid."""
    production = settings.environment == "production"
    before = settings.secret_keys_previous.get_secret_value() if settings.secret_keys_previous else ""
    try:
        first = require_secret(configured_secret(settings), production=production)
        previous = [require_secret(key, production=production) for key in map(str.strip, before.split(",")) if key]
    except ValueError as error:
        raise Misconfigured(str(error)) from None
    return first or development_secret(settings), *filter(None, previous)


def configured_secret(settings: Settings) -> str | None:
    """Return SECRET_KEY, or the content of SECRET_KEY_FILE."""
    return _value_or_file("SECRET_KEY", settings.secret_key, settings.secret_key_file)


def google_client_secret(settings: Settings) -> str | None:
    """Return GOOGLE_OAUTH_CLIENT_SECRET, or the content of GOOGLE_OAUTH_CLIENT_SECRET_FILE."""
    name = "GOOGLE_OAUTH_CLIENT_SECRET"
    return _value_or_file(name, settings.google_oauth_client_secret, settings.google_oauth_client_secret_file)


def _value_or_file(name: str, value: SecretStr | None, path: Path | None) -> str | None:
    if value is not None and path is not None:
        raise Misconfigured(f"{name} and {name}_FILE are both set: leave one of them out.")
    if path is None:
        return value.get_secret_value() if value else None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{name}_FILE={path} cannot be read ({error}): name a text file.") from None


def development_secret(settings: Settings) -> bytes:
    """Return a random key that is stored beside the database."""
    path = key_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), path.open("x", encoding="ascii") as file:
        path.chmod(0o600)
        file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii").encode()


def key_file(settings: Settings) -> Path:
    """Return the path of the development key: beside the SQLite file, or in the working directory."""
    url = settings.database_url
    name = "sheetgpt.db" if url.startswith("postgres") else url.removeprefix("sqlite:///")
    return Path(name + ".key")
