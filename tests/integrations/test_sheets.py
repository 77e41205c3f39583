"""Exports to Google Sheets, against a server of the calls they make, with the real token exchange."""

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from integrations.google.service_account import read_service_account
from integrations.google.sheets import Patience, Sheets, SheetsFailure, SheetTable, Spreadsheet
from tables.types.columns import Column, ColumnType, Value
from tables.writers.sheet_cells import SheetColumn
from tests.support.loopback.google_calls import SHARED_FOLDER
from tests.support.loopback.sheets import QUICK, LoopbackSheets
from tests.support.loopback.spreadsheets import Sheet

HEADER = ["Item", "Cost", "Paid"]
ROWS: list[list[Value]] = [["Rent", "1200", True], ["Food", "310.5", False], ["=1+1", None, None]]
TYPES = {"Cost": ColumnType.DECIMAL, "Paid": ColumnType.BOOLEAN, "Number": ColumnType.INTEGER}


# What one export of a small table calls, in order.
CALLS = [
    "token",
    "files.list",
    "files.create",
    "spreadsheets.get",
    "spreadsheets.batchUpdate",
    "spreadsheets.batchUpdate",
]


def export(
    sheets: Sheets,
    rows: Sequence[Sequence[Value]] = ROWS,
    *,
    job: str = "job-1",
    header: Sequence[str] = HEADER,
    name: str = "Costs",
) -> tuple[Spreadsheet, list[int]]:
    seen: list[int] = []
    created = sheets.write(job, table(rows, header, name), progress=seen.append)
    return created, seen


def table(rows: Sequence[Sequence[Value]] = ROWS, header: Sequence[str] = HEADER, name: str = "Costs") -> SheetTable:
    columns = [Column(f"c{n}", title, TYPES.get(title, ColumnType.TEXT)) for n, title in enumerate(header)]
    values = [{f"c{n}": value for n, value in enumerate(row)} for row in rows]
    fields = [SheetColumn(column, column.name) for column in columns]
    return SheetTable("Costs of May", name, fields, len(rows), lambda: values)


def refused(sheets: Sheets) -> SheetsFailure:
    with pytest.raises(SheetsFailure) as caught:
        export(sheets)
    return caught.value


def only(google: LoopbackSheets) -> Sheet:
    (one,) = google.spreadsheets.values()
    return one.sheet


def test_a_table_becomes_a_spreadsheet_with_a_bold_frozen_header(google: LoopbackSheets, sheets: Sheets) -> None:
    result, seen = export(sheets)
    stored = google.spreadsheets[result.id]
    assert result.url == f"https://docs.google.com/spreadsheets/d/{result.id}/edit"
    assert (stored.name, stored.app_properties) == ("Costs of May", {"sheetgptJob": "job-1"})
    assert stored.sheet.values() == [HEADER, ["Rent", 1200, True], ["Food", 310.5, False], ["=1+1"]]
    assert (stored.sheet.title, stored.sheet.rows, stored.sheet.columns) == ("Costs", 4, 3)
    assert (stored.sheet.frozen_rows, stored.sheet.bold_rows) == (1, {0})
    assert seen == [3]
    assert google.calls == CALLS


def test_text_stays_text(google: LoopbackSheets, sheets: Sheets) -> None:
    texts: list[list[Value]] = [["007"], ["=1+1"], ["@x"], ["+49 30"], ["'quoted"], ["1/2"], [" 👍 "], ["2026-05-01"]]
    export(sheets, texts, header=["Value"])
    assert only(google).values() == [["Value"], *texts]
    assert all("stringValue" in (cell.value or {}) for cell in only(google).cells.values())
    google.spreadsheets.clear()
    export(sheets, [[2**53 - 1], [10**15 - 1]], header=["Number"])
    assert only(google).values() == [["Number"], ["9007199254740991"], [999_999_999_999_999]]


def test_a_table_without_rows_or_columns_keeps_what_it_has(google: LoopbackSheets, sheets: Sheets) -> None:
    _, seen = export(sheets, [])
    assert (only(google).values(), only(google).rows, seen) == ([HEADER], 2, [0])
    google.spreadsheets.clear()
    export(sheets, [[]], header=[])
    assert only(google).values() == []


@pytest.mark.parametrize(
    ("requested", "got"),
    [
        ("It's (50%) a/b: [x]!", "It's (50%) a/b: [x]!"),
        ("'", "Sheet1"),
        ("", "Sheet1"),
        ("a\n\tb\0", "ab"),
        ("ä" * 150, "ä" * 100),
        ("A1", "A1"),
    ],
)
def test_any_name_makes_a_sheet_name(google: LoopbackSheets, sheets: Sheets, requested: str, got: str) -> None:
    export(sheets, name=requested)
    assert only(google).title == got
    assert len(only(google).values()) == 4


def test_the_same_job_writes_into_the_same_spreadsheet_and_leaves_nothing_of_before(
    google: LoopbackSheets, sheets: Sheets
) -> None:
    first, _ = export(sheets, [["a", 1, "x"], ["b", 2, "y"], ["c", 3, "z"]])
    second, _ = export(sheets, [["A", None]], header=["Item", "Cost"])
    other, _ = export(sheets, job="it's \\ another")
    assert (first.id, first.url) == (second.id, second.url)
    assert other.id != first.id
    assert google.spreadsheets[first.id].sheet.values() == [["Item", "Cost"], ["A"]]
    assert google.count("files.create") == 2
    assert export(sheets, job="it's \\ another")[0] == other


def test_a_large_table_goes_in_bounded_requests_with_progress(google: LoopbackSheets, sheets: Sheets) -> None:
    rows: list[list[Value]] = [[number, f"row {number}", None] for number in range(40_000)]
    _, seen = export(sheets, rows, header=["Number", "Name", "Note"])
    values = only(google).values()
    assert len(values) == 40_001
    assert values[-1] == [39_999, "row 39999"]
    assert seen == [16_665, 33_331, 40_000]
    assert google.count("spreadsheets.batchUpdate") == 4
    assert only(google).rows == 40_001
    assert max(google.payloads) < 2_000_000


def test_long_texts_are_cut_into_requests_by_their_bytes(google: LoopbackSheets, sheets: Sheets) -> None:
    rows: list[list[Value]] = [["漢" * 50_000, '"' * 50_000, ""] for _ in range(20)]
    _, seen = export(sheets, rows, header=["Text", "Quote", "Nothing"])
    assert len(only(google).values()) == 21
    assert len(seen) == 3
    assert 1_500_000 < max(google.payloads) < 2_000_000


def test_a_table_that_google_cannot_hold_is_refused_before_it_is_sent(google: LoopbackSheets, sheets: Sheets) -> None:
    too_large: list[tuple[Sequence[str], Sequence[Sequence[Value]], int]] = [
        (["x"] * 18_279, [], 0),
        (["x"] * 11, [["y"]] * 910_000, 0),
        (["x"], [["y" * 50_001]], 1),
        (["x"] * 40, [["漢" * 50_000] * 40], 1),
    ]
    for header, rows, created in too_large:
        with pytest.raises(SheetsFailure, match="CSV or XLSX") as caught:
            export(sheets, rows, header=header)
        assert (caught.value.code, caught.value.retryable) == ("TOO_LARGE", False)
        assert google.count("files.create") == min(1, created)


@pytest.mark.parametrize(
    "operation",
    ["token", "files.list", "files.create", "spreadsheets.get", "spreadsheets.batchUpdate"],
)
@pytest.mark.parametrize("status", [429, 503, 0])
def test_a_fault_that_passes_is_tried_again_and_makes_one_spreadsheet(
    google: LoopbackSheets, sheets: Sheets, operation: str, status: int
) -> None:
    google.fail(operation, status)
    result, _ = export(sheets)
    assert list(google.spreadsheets) == [result.id]
    assert only(google).values()[1] == ["Rent", 1200, True]


def test_a_lost_answer_to_a_creation_does_not_make_a_second_spreadsheet(google: LoopbackSheets, sheets: Sheets) -> None:
    google.fail("files.create", 0)
    result, _ = export(sheets)
    assert list(google.spreadsheets) == [result.id]
    assert google.calls[:4] == ["token", "files.list", "files.create", "files.list"]
    assert google.count("files.create") == 1


def test_a_quota_told_by_403_is_waited_for(google: LoopbackSheets, sheets: Sheets) -> None:
    google.fail("files.create", 403, reason="userRateLimitExceeded")
    export(sheets)
    assert google.count("files.create") == 2


def test_retry_after_is_honoured(google: LoopbackSheets, sheets: Sheets) -> None:
    google.fail("spreadsheets.batchUpdate", 429, retry_after="1")
    started = time.perf_counter()
    export(sheets)
    assert 1 <= time.perf_counter() - started < 2


def test_a_wait_longer_than_patience_is_not_begun(google: LoopbackSheets, sheets: Sheets) -> None:
    google.fail("spreadsheets.batchUpdate", 429, retry_after="Wed, 21 Oct 2099 07:28:00 GMT")
    failure = refused(sheets)
    assert (failure.code, failure.retryable) == ("RATE_LIMITED", True)
    assert google.count("spreadsheets.batchUpdate") == 1


def test_tries_are_bounded(google: LoopbackSheets, sheets: Sheets) -> None:
    google.fail("spreadsheets.batchUpdate", 503, times=99)
    failure = refused(sheets)
    assert (failure.code, failure.retryable) == ("GOOGLE_FAILED", True)
    assert google.count("spreadsheets.batchUpdate") == QUICK.tries


@pytest.mark.parametrize(
    ("operation", "status", "reason", "code", "says"),
    [
        ("files.create", 403, "accessNotConfigured", "API_DISABLED", "Enable the Google Sheets API"),
        ("files.create", 403, "storageQuotaExceeded", "NO_STORAGE", "GOOGLE_SERVICE_ACCOUNT_FILE"),
        ("files.list", 401, "authError", "KEY_REFUSED", "GOOGLE_SERVICE_ACCOUNT_FILE"),
        ("files.list", 403, "forbidden", "KEY_REFUSED", "GOOGLE_SERVICE_ACCOUNT_FILE"),
        ("files.list", 200, "", "NOT_GOOGLE", "GOOGLE_SHEETS_URL"),
        ("files.create", 302, "", "REQUEST_REFUSED", "GOOGLE_SHEETS_URL"),
        ("spreadsheets.batchUpdate", 400, "badRequest", "REQUEST_REFUSED", "Made to fail."),
        ("token", 400, "invalid_grant", "KEY_REFUSED", "GOOGLE_SERVICE_ACCOUNT_FILE"),
    ],
)
def test_a_fault_that_stays_is_not_tried_again_and_says_what_to_do(
    google: LoopbackSheets, sheets: Sheets, operation: str, status: int, reason: str, code: str, says: str
) -> None:
    google.fail(operation, status, reason=reason, times=9)
    failure = refused(sheets)
    assert (failure.code, failure.retryable) == (code, False)
    assert says in failure.message
    # A refused access token is renewed once.
    assert google.count(operation) == (2 if status == 401 else 1)


def test_a_key_that_google_does_not_know_is_refused_by_the_token_exchange(
    google: LoopbackSheets, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    strange = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = strange.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    access = google.access(tmp_path, private_key=pem.decode())
    failure = refused(Sheets(access, google.url, patience=QUICK))
    assert (failure.code, failure.retryable) == ("KEY_REFUSED", False)
    assert google.calls == ["token"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("{", "is not JSON"),
        ("[]", "is not the key of a service account"),
        ('{"type":"authorized_user"}', "is not the key of a service account"),
        ('{"type":"service_account","client_email":"a@b"}', "lacks private_key, token_uri"),
        ("\udcff", "is not JSON"),
    ],
)
def test_a_bad_key_file_is_refused_at_once_and_names_the_setting(
    tmp_path: Path, content: str | None, says: str
) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(SheetsFailure) as caught:
        read_service_account(path)
    assert caught.value.code == "BAD_SERVICE_ACCOUNT"
    assert caught.value.message.startswith(f"The file in GOOGLE_SERVICE_ACCOUNT_FILE {says}. ")


def test_a_damaged_private_key_names_the_setting(google: LoopbackSheets, tmp_path: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    failure = refused(Sheets(google.access(tmp_path, private_key=pem), google.url))
    assert failure.code == "BAD_SERVICE_ACCOUNT"
    assert "GOOGLE_SERVICE_ACCOUNT_FILE" in failure.message


def test_a_host_that_is_not_google_is_named(google: LoopbackSheets, tmp_path: Path) -> None:
    failure = refused(Sheets(google.access(tmp_path), f"{google.url}/elsewhere", patience=QUICK))
    assert (failure.code, failure.retryable) == ("REQUEST_REFUSED", False)
    assert "GOOGLE_SHEETS_URL" in failure.message
    assert google.calls == ["token", "GET /elsewhere/drive/v3/files"]


def test_a_host_that_is_not_there_is_tried_a_few_times(google: LoopbackSheets, tmp_path: Path) -> None:
    failure = refused(Sheets(google.access(tmp_path), "http://127.0.0.1:1", patience=QUICK))
    assert (failure.code, failure.retryable) == ("UNREACHABLE", True)


def test_a_spreadsheet_is_shared_on_request(google: LoopbackSheets, tmp_path: Path) -> None:
    sheets = Sheets(replace(google.access(tmp_path), share_with="ann@example.com"), google.url, patience=QUICK)
    for _ in range(2):
        created = sheets.write("job-1", table(), progress=lambda _: None)
    assert google.spreadsheets[created.id].shared_with == {"ann@example.com": "writer"}


def test_closing_ends_a_wait(google: LoopbackSheets, tmp_path: Path) -> None:
    patience = Patience(connect=1, read=2, tries=9, first_wait=30, longest_wait=30, total=300)
    sheets = Sheets(google.access(tmp_path), google.url, patience=patience)
    google.fail("files.create", 503)
    threading.Timer(0.3, sheets.close).start()
    started = time.perf_counter()
    failure = refused(sheets)
    assert (failure.code, failure.retryable) == ("STOPPED", True)
    assert time.perf_counter() - started < 2


def test_a_callback_that_raises_stops_the_export(google: LoopbackSheets, sheets: Sheets) -> None:
    def cancel(_: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        sheets.write("job-1", table(), progress=cancel)
    assert google.calls == CALLS[:-1]


def test_nobody_but_the_given_host_is_spoken_to_and_nothing_heavy_is_imported_early(
    google: LoopbackSheets, tmp_path: Path
) -> None:
    code = """
import sys, pathlib
from integrations.google.access import GoogleAccess, GoogleWay
from integrations.google.service_account import read_service_account
from integrations.google.sheets import Sheets, SheetTable
account = read_service_account(pathlib.Path(sys.argv[1]))
access = GoogleAccess(GoogleWay.SERVICE_ACCOUNT, account.address, account.credentials, sys.argv[3])
sheets = Sheets(access, sys.argv[2])
assert not {"gspread", "google.auth", "requests"} & set(sys.modules)
asked = set()
sys.addaudithook(lambda event, args: event in ("socket.connect", "socket.getaddrinfo") and asked.add(str(args)))
sheets.write("job", SheetTable("T", "S", [], 0, list), progress=lambda rows: None)
print(len(asked), all("127.0.0.1" in one for one in asked))
"""
    path = google.service_account(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, path, google.url, SHARED_FOLDER],
        check=True,
        timeout=30,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split()[1] == "True"
    assert google.calls == CALLS
