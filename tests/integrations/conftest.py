"""Fixtures of tests against a loopback Google."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.google.sheets import Sheets
from tests.support.loopback.sheets import QUICK, LoopbackSheets, loopback_sheets
from tests.support.sheet_desk import Desk


@pytest.fixture
def google() -> Iterator[LoopbackSheets]:
    with loopback_sheets() as server:
        yield server


@pytest.fixture
def sheets(google: LoopbackSheets, tmp_path: Path) -> Sheets:
    return Sheets(google.access(tmp_path), google.url, patience=QUICK)


@pytest.fixture
def desk(google: LoopbackSheets, sheets: Sheets) -> Desk:
    return Desk(google, sheets)
