"""The command `check google`: each configured way is tried, and what is wrong is said."""

import json
from pathlib import Path

import pytest

from tests.support.google_check import Check
from tests.support.loopback.google_state import CLIENT_ID, PERSON, SHARED_FOLDER
from tests.support.loopback.service_account import EMAIL
from tests.support.loopback.spreadsheets import Spreadsheet


def test_every_way_that_works_is_told_with_what_the_operator_registers(check: Check) -> None:
    google = check.google
    google.delegated = {"ann@example.com"}
    shared = google.add(Spreadsheet("Shared"), PERSON)
    shared.shared_with[EMAIL] = "writer"
    settings = google.oauth_settings() | {
        "google_service_account_file": check.key,
        "google_drive_folder": f"https://drive.google.com/drive/folders/{SHARED_FOLDER}",
        "google_delegation": "1",
    }
    code, output = check.run("--as", "ann@example.com", "--spreadsheet", shared.id, **settings)
    assert code == 0, output
    redirect = "https://sheets.example.com/oauth/google/callback"
    scopes = ",".join(f"https://www.googleapis.com/auth/{name}" for name in ("spreadsheets", "drive.file"))
    assert output.splitlines() == [
        f"ok      OAuth client: {CLIENT_ID}, redirect URI {redirect}, scopes drive.file",
        f"ok      Service account: {EMAIL}",
        f"ok      GOOGLE_DRIVE_FOLDER: {SHARED_FOLDER}",
        f"ok      GOOGLE_DELEGATION: client id 100000000000000000001, scopes {scopes}, as ann@example.com",
        f"ok      Spreadsheet: {shared.id}",
    ]
    assert "files.create" not in google.calls
    code, output = check.run("--json", google_service_account_file=check.key)
    assert (code, json.loads(output)) == (0, [{"name": "Service account", "detail": EMAIL, "problem": None}])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"google_oauth_client_secret": "wrong"}, "Google does not know the client in GOOGLE_OAUTH_CLIENT_ID"),
        ({"public_url": "https://other.example.com"}, "The redirect URI is not registered at Google."),
        ({"google_sheets_url": "http://127.0.0.1:1"}, "Google could not be reached."),
    ],
)
def test_an_oauth_client_that_google_refuses_is_explained(check: Check, settings: dict[str, str], says: str) -> None:
    code, output = check.run(**check.google.oauth_settings() | settings)
    assert (code, output.startswith("FAILED  OAuth client: "), says in output) == (1, True, True), output


def test_a_folder_that_is_not_there_and_a_spreadsheet_that_is_not_shared_are_explained(check: Check) -> None:
    private = check.google.add(Spreadsheet("Private"), PERSON)
    code, output = check.run(
        "--spreadsheet",
        private.id,
        google_service_account_file=check.key,
        google_drive_folder="another-folder-of-somebody",
    )
    assert code == 1
    assert f"The folder is not there for {EMAIL}. Add this address to the shared drive." in output
    assert f"{EMAIL} cannot open or change this spreadsheet" in output


def test_an_api_that_is_not_enabled_ends_the_trial(check: Check) -> None:
    check.google.fail("spreadsheets.get", 403, reason="SERVICE_DISABLED")
    settings = {"google_service_account_file": check.key, "google_drive_folder": SHARED_FOLDER}
    code, output = check.run(**settings)
    assert (code, "Enable the Google Sheets API and the Google Drive API" in output) == (1, True)
    assert "GOOGLE_DRIVE_FOLDER" not in output


def test_a_person_of_another_domain_is_refused_and_without_one_delegation_is_not_tried(check: Check) -> None:
    settings = {"google_service_account_file": check.key, "google_delegation": "1"}
    code, output = check.run("--as", "eve@other.example", **settings)
    assert (code, "your address is not in its domain" in output) == (1, True)
    code, output = check.run(**settings)
    assert (code, "not tried: add --as" in output) == (0, True)


def test_without_settings_or_with_contradicting_ones_a_sentence_says_what_to_set(check: Check) -> None:
    assert check.run()[0] == 1
    assert "set GOOGLE_OAUTH_CLIENT_ID or GOOGLE_SERVICE_ACCOUNT_FILE" in check.run()[1]
    for settings, says in [
        ({"google_delegation": "1"}, "GOOGLE_DELEGATION needs a service account"),
        ({"google_drive_folder": SHARED_FOLDER}, "GOOGLE_DRIVE_FOLDER needs a service account"),
        ({"google_drive_folder": "https://example.com/"}, "write the id of a folder"),
        ({"google_oauth_client_id": "x"}, "GOOGLE_OAUTH_CLIENT_SECRET is not set"),
        ({"google_oauth_client_secret": "x"}, "GOOGLE_OAUTH_CLIENT_ID is not set"),
        ({"google_oauth_scopes": "gmail"}, "write `drive.file`, or `drive.file spreadsheets`"),
        ({"google_service_account_file": "missing.json"}, "cannot be read (No such file or directory)"),
        ({**check.google.oauth_settings(), "public_url": "http://sheets.example.com"}, "needs PUBLIC_URL"),
    ]:
        code, output = check.run(**settings)
        assert (code, says in output) == (1, True), output


def test_the_secret_of_a_file_is_read_and_two_are_refused(check: Check, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    settings = check.google.oauth_settings()
    file.write_text(f"{settings['google_oauth_client_secret']}\n")
    both = settings | {"google_oauth_client_secret_file": file}
    assert "are both set: leave one of them out" in check.run(**both)[1]
    del both["google_oauth_client_secret"]
    assert check.run(**both)[0] == 0
