"""Checks of the settings before anything heavy is imported, so that a refused start takes a moment."""

import os
import re
import tempfile
from pathlib import Path

from keys import load_secrets
from settings.settings import Misconfigured, Settings

NETWORK_URL = re.compile(r"postgres(ql)?://([^/?#@]*@)?[^/?#@]*/[^/?#@]+(\?[^@]*)?")


def check_settings(settings: Settings) -> None:
    """Raise Misconfigured for the first setting that the server could not work with."""
    _check_database(settings.database_url)
    load_secrets(settings)
    for name, path in (
        ("GOOGLE_SERVICE_ACCOUNT_FILE", settings.google_service_account_file),
        ("GOOGLE_OAUTH_CLIENT_SECRET_FILE", settings.google_oauth_client_secret_file),
    ):
        _check_readable(name, path)
    _check_writable("FILES_DIR", settings.files_dir)
    if settings.smtp_url is None:
        _check_writable("MAIL_DIR", settings.mail_dir)


def masked(url: str) -> str:
    """Return a URL without its password, wherever it is: passwords contain `@` and `/`."""
    url = re.sub(r"(://[^:/@]*:).*(?=@)", r"\1***", url, flags=re.DOTALL)
    return re.sub(r"(?i)([?&](?:password|passwd|pwd)=)[^&#]*", r"\1***", url)


def _check_database(url: str) -> None:
    if url.startswith(("postgresql://", "postgres://")):
        if not NETWORK_URL.fullmatch(url):
            raise Misconfigured(
                f"DATABASE_URL={masked(url)} is not understood: write postgresql://user:password@host/name, with %40 "
                "for @ and %2F for / in the password."
            )
        return
    path = Path(url.removeprefix("sqlite:///"))
    if "://" in url.removeprefix("sqlite:///") or path.name in ("", ":memory:"):
        raise Misconfigured(
            f"DATABASE_URL={masked(url)} is not understood: name a file (sqlite:///sheetgpt.db or sheetgpt.db) or a "
            "server (postgresql://user:password@host/name)."
        )
    if not path.parent.is_dir():
        raise Misconfigured(
            f"DATABASE_URL={url}: the directory {path.parent} does not exist. Create it, or name a file elsewhere."
        )
    _check_writable("DATABASE_URL", path.parent)
    if path.is_dir():
        raise Misconfigured(f"DATABASE_URL={url} is a directory: name a file in it.")


def _check_readable(name: str, path: Path | None) -> None:
    if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
        state = "cannot be read" if path.exists() else "does not exist"
        raise Misconfigured(f"{name}={path} {state}: name a file that the server may read.")


def _check_writable(name: str, directory: Path) -> None:
    """Raise Misconfigured unless the directory, or the first parent that exists, takes new files."""
    existing = next(path for path in (directory.absolute(), *directory.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise Misconfigured(f"{name}={directory}: {existing} is a file. Name a directory.")
    try:
        # Permissions alone do not tell: a disk may be read-only, and root may do everything.
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise Misconfigured(
            f"{name}={directory}: the server cannot write in {existing} ({error.strerror}). Change its owner, or name "
            "another directory."
        ) from None
