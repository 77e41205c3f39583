"""Exports to Google Sheets while Google fails: what stands in the sheet is the same as without faults, once."""

import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from integrations.google.quota import Quota, RequestKind
from integrations.google.sheets import Patience, SheetMode, Sheets, SheetsFailure, SheetTarget
from integrations.redis.connection import Redis
from integrations.redis.counts import shared_blocking_counts
from tables.types.columns import Value
from tests.support.loopback.google_state import HANG, PAGE, Fault
from tests.support.loopback.sheets import LoopbackSheets
from tests.support.loopback.spreadsheets import Sheet
from tests.support.processes.valkey import valkey_server
from tests.support.sheet_desk import ROWS, Desk, table

DROP = 0
LATER: list[list[Value]] = [
    ["Rent", "1", None, None],
    *ROWS[1:],
    ["Gym", "20", True, "2026-06-01"],
    ["Car", "7", None, None],
]
PATIENCE = Patience(connect=1, read=0.4, tries=4, first_wait=0.01, longest_wait=0.02, total=30)


def later(desk: Desk, sheets: Sheets, mode: SheetMode) -> tuple[int, list[Sheet]]:
    """Export the later rows and return what stands in the spreadsheet then."""
    if mode is SheetMode.CREATE:
        created = sheets.write("created", table(LATER), progress=lambda rows: None)
        (result,) = [one for one in desk.google.spreadsheets.values() if one.app_properties["sheetgptJob"] == "created"]
        return created.changed_cells, result.sheets
    keys = ["c1"] if mode is SheetMode.UPSERT else []
    target = SheetTarget(mode, desk.id, keys, desk.last)
    done = sheets.write("later", table(LATER), target, progress=lambda rows: None)
    return done.changed_cells, [without_times(sheet) for sheet in desk.google.spreadsheets[desk.id].sheets]


def without_times(sheet: Sheet) -> Sheet:
    """Return the sheet without the times in its markers."""
    return replace(sheet, metadata={key: {**one, "metadataValue": "-"} for key, one in sheet.metadata.items()})


FAULTS = {"dropped": [DROP], "hanging": [HANG], "token lost": [401], "busy": [429, 500, 503]}


@pytest.mark.parametrize("mode", list(SheetMode))
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_any_request_changes_nothing_in_the_result(
    google: LoopbackSheets, tmp_path: Path, kind: str, mode: SheetMode
) -> None:
    plenty = Quota(per_user=10**6, per_project=10**6)
    sheets = Sheets(replace(google.access(tmp_path), quota=plenty), google.url, patience=PATIENCE)
    google.calls.clear()
    expected = later(Desk(google, sheets), sheets, mode)
    names = list(google.calls)
    for number in requests(names, kind, mode):
        clear(google)
        google.faults.extend(Fault("", status, at=number + n) for n, status in enumerate(FAULTS[kind]))
        assert later(Desk(google, sheets), sheets, mode) == expected, names[number - 1]
        assert [fault.times for fault in google.faults] == [0] * len(FAULTS[kind])
        assert len(google.spreadsheets) == (2 if mode is SheetMode.CREATE else 1)


@pytest.mark.parametrize("mode", list(SheetMode))
def test_a_page_of_a_proxy_at_any_request_is_no_success(
    google: LoopbackSheets, tmp_path: Path, mode: SheetMode
) -> None:
    plenty = Quota(per_user=10**6, per_project=10**6)
    sheets = Sheets(replace(google.access(tmp_path), quota=plenty), google.url, patience=PATIENCE)
    google.calls.clear()
    expected = later(Desk(google, sheets), sheets, mode)
    names = list(google.calls)
    second = next(number for number in range(2, len(names) + 1) if names[number - 1] == "token")
    for number in range(second, len(names) + 1):
        clear(google)
        desk = Desk(google, sheets)
        google.faults.append(Fault("", PAGE, at=number))
        with pytest.raises(SheetsFailure) as caught:
            later(desk, sheets, mode)
        assert caught.value.code in {"NOT_GOOGLE", "BAD_SERVICE_ACCOUNT"}, names[number - 1]
        # The same job succeeds when the proxy is gone.
        changed, content = later(desk, sheets, mode)
        assert (content, changed <= expected[0]) == (expected[1], True), names[number - 1]


def requests(names: list[str], kind: str, mode: SheetMode) -> list[int]:
    """Return the numbers of the requests to disturb: those of the second export, and the writes where it costs time."""
    first = names.index("token", 1)
    results = [number for number, name in enumerate(names, 1) if number > first + 1 and name != "token"]
    assert len(results) >= 4, names
    writes = {"files.create", "spreadsheets.batchUpdate", "permissions.create"}
    return [number for number in results if names[number - 1] in writes] if kind == "hanging" else results


def clear(google: LoopbackSheets) -> None:
    google.spreadsheets.clear()
    google.faults.clear()
    google.calls.clear()


def test_the_quota_of_an_account_and_of_all_is_kept_by_waiting() -> None:
    quota, stopped = Quota(per_user=3, per_project=5, seconds=1), threading.Event()
    began = time.monotonic()
    for _ in range(3):
        quota.take(RequestKind.WRITE, "ann@example.com", stopped)
    for _ in range(3):
        quota.take(RequestKind.READ, "ann@example.com", stopped)
    for _ in range(2):
        quota.take(RequestKind.WRITE, "bob@example.com", stopped)
    assert time.monotonic() - began < 0.5
    quota.take(RequestKind.WRITE, "bob@example.com", stopped)
    assert 0.9 < time.monotonic() - began < 3
    stopped.set()
    quota.take(RequestKind.WRITE, "cy@example.com", stopped)


def test_processes_share_the_quota_and_count_alone_while_redis_is_away() -> None:
    stopped = threading.Event()
    with valkey_server() as server:
        first, second = (
            Quota(partial(shared_blocking_counts, Redis(server.url, "site")), per_user=4, per_project=100, seconds=2)
            for _ in range(2)
        )
        other = Quota(partial(shared_blocking_counts, Redis(server.url, "elsewhere")), per_user=4, seconds=2)
        began = time.monotonic()
        for quota in (first, second, first, second, other):
            quota.take(RequestKind.WRITE, "ann@example.com", stopped)
        assert time.monotonic() - began < 1.5
        second.take(RequestKind.WRITE, "ann@example.com", stopped)
        assert 1.5 < time.monotonic() - began < 5
        server.stop()
        began = time.monotonic()
        for _ in range(4):
            first.take(RequestKind.WRITE, "ann@example.com", stopped)
        assert time.monotonic() - began < 1.5


def test_an_export_waits_for_the_quota_and_is_not_refused(google: LoopbackSheets, tmp_path: Path) -> None:
    access = replace(google.access(tmp_path), quota=Quota(per_user=2, per_project=300, seconds=1))
    sheets = Sheets(access, google.url, patience=PATIENCE)
    began = time.monotonic()
    for job in ("one", "two"):
        sheets.write(job, table(), progress=lambda rows: None)
    assert 0.9 < time.monotonic() - began < 5
    assert google.count("spreadsheets.batchUpdate") == 4
