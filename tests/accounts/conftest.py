"""Fixtures of tests about accounts."""

from pathlib import Path

import pytest

from tests.support.app import App
from tests.support.mailbox import Mailbox


@pytest.fixture
def mailbox(app: App, tmp_path: Path) -> Mailbox:
    return Mailbox(app, tmp_path / "mail")
