"""Fixtures of tests about accounts."""

from pathlib import Path

import pytest

from resolvers.accounts import accounts
from tests.support.app import App
from tests.support.mailbox import Mailbox


@pytest.fixture
def mailbox(app: App, tmp_path: Path) -> Mailbox:
    return Mailbox(app, tmp_path / "mail")


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer requests for mails at once, instead of after the same time for every address."""
    monkeypatch.setattr(accounts, "RESET_SECONDS", 0)
