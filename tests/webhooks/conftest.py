"""Fixture of webhooks: an application that sends them to loopback addresses too."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.app import App, open_app


@pytest.fixture
async def private_app(database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    async with open_app(database_url, tmp_path, webhook_allow_private=True) as app:
        yield app
