"""Fixtures of the tests of imports."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.documents import pdf
from resolvers.imports import imports, sources


@pytest.fixture
def documents_in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a test read PDFs without the limits and the silence of the process that does it for the server."""
    monkeypatch.setattr(pdf, "allow_cpu", lambda seconds: None)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def blocked_import(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hold every import of a person named in its table until the event is set."""
    free, lay_out = threading.Event(), sources.lay_out

    def slow(source: Any, *arguments: Any) -> Any:
        if b"slow" in source.getvalue():
            free.wait(20)
        return lay_out(source, *arguments)

    monkeypatch.setattr(imports, "lay_out", slow)
    return free
