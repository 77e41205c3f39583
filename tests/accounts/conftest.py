"""Fixtures of tests about accounts."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from resolvers.accounts import accounts
from tests.support.app import App, open_app
from tests.support.loopback.openid import LoopbackOpenID, loopback_openid
from tests.support.mailbox import Mailbox


@pytest.fixture
def mailbox(app: App, tmp_path: Path) -> Mailbox:
    return Mailbox(app, tmp_path / "mail")


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer requests for mails at once, instead of after the same time for every address."""
    monkeypatch.setattr(accounts, "RESET_SECONDS", 0)


@pytest.fixture
def provider() -> Iterator[LoopbackOpenID]:
    with loopback_openid() as provider:
        yield provider


@pytest.fixture
def evil_provider() -> Iterator[LoopbackOpenID]:
    with loopback_openid() as provider:
        yield provider


@pytest.fixture
async def sign_in_app(
    database_url: str, tmp_path: Path, provider: LoopbackOpenID, evil_provider: LoopbackOpenID
) -> AsyncIterator[App]:
    """Run the application with two identity providers, one of them open to few, over each kind of database in turn."""
    configs = [
        provider.config(),
        provider.config("members", domains=["Example.com"], sign_up=False),
        evil_provider.config("evil"),
    ]
    settings = {"oidc_providers": json.dumps(configs), "public_url": "https://sheets.example.com"}
    async with open_app(database_url, tmp_path, **settings) as app:
        yield app
