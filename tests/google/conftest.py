"""Fixtures of Google accounts: a loopback Google, and the application with an OAuth client of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.app import App, open_app
from tests.support.google_check import Check
from tests.support.loopback.google_state import LoopbackSheets
from tests.support.loopback.sheets import loopback_sheets


@pytest.fixture
def google() -> Iterator[LoopbackSheets]:
    with loopback_sheets() as server:
        yield server


@pytest.fixture
async def app(database_url: str, tmp_path: Path, google: LoopbackSheets) -> AsyncIterator[App]:
    """Run the application with an OAuth client, over each kind of database in turn."""
    async with open_app(database_url, tmp_path, **google.oauth_settings()) as app:
        yield app


@pytest.fixture
def check(google: LoopbackSheets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    return Check(google, tmp_path, monkeypatch)
