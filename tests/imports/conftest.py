"""Fixtures of the tests of imports."""

import logging
from collections.abc import Iterator

import pytest

from integrations.documents import pdf


@pytest.fixture
def documents_in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a test read PDFs without the limits and the silence of the process that does it for the server."""
    monkeypatch.setattr(pdf, "allow_cpu", lambda seconds: None)
    yield
    logging.disable(logging.NOTSET)
