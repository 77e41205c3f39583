"""Failures of Google Sheets, each with a stable code and advice."""

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from integrations.addresses import hide_addresses

if TYPE_CHECKING:
    from requests import Response

SETTING = "GOOGLE_SERVICE_ACCOUNT_FILE"


class SheetsFailure(Exception):
    """Error of a call of Google; `code` is stable, `message` gives advice and is safe to show.

    `status` is that of Google's answer, or 0 without one.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = False, retry_after: float = 0) -> None:
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.status = 0
        super().__init__(f"{code}: {message}")


def bad_account(reason: str) -> SheetsFailure:
    return SheetsFailure(
        "BAD_SERVICE_ACCOUNT",
        f"The file in {SETTING} {reason}. Download a JSON key of the service account from the Google Cloud console "
        "and set its path.",
    )


def not_google() -> SheetsFailure:
    return SheetsFailure(
        "NOT_GOOGLE", "The response did not come from the Google Sheets or Drive API. Check GOOGLE_SHEETS_URL."
    )


def token_refused(error: Any) -> SheetsFailure:
    if error.retryable:
        return SheetsFailure("UNREACHABLE", "Google issues no tokens for now. Try again.", retryable=True)
    if "unauthorized_client" in str(error):
        return SheetsFailure(
            "DELEGATION_REFUSED",
            "Google does not let the service account act as you: your address is not in its domain, or domain-wide "
            "delegation lacks its client id or a scope. The operator runs `python app.py check google`.",
        )
    return SheetsFailure(
        "KEY_REFUSED",
        f"Google refused the service account of {SETTING}. Check that the key still exists, that the account "
        "is not disabled, and that this machine's clock is right.",
    )


# Google's reason → our code and the advice.
REASONS = {
    "accessNotConfigured": (
        "API_DISABLED",
        f"Enable the Google Sheets API and the Google Drive API in the project of {SETTING}.",
    ),
    "storageQuotaExceeded": (
        "NO_STORAGE",
        (
            "Google has no storage left for a new spreadsheet. Make room in this Drive, or set GOOGLE_DRIVE_FOLDER to "
            f"a folder of a shared drive: the account of {SETTING} never has storage of its own."
        ),
    ),
    "invalidSharingRequest": (
        "SHARE_REFUSED",
        "Google cannot share a spreadsheet with this e-mail address. Use one that has a Google account.",
    ),
}
REASONS["SERVICE_DISABLED"] = REASONS["accessNotConfigured"]


def refusal(response: "Response") -> SheetsFailure:
    """Return the failure of a response that is not a success, with its HTTP status."""
    failure = _refusal(response)
    failure.status = response.status_code
    return failure


def _refusal(response: "Response") -> SheetsFailure:
    status, reasons = response.status_code, _reasons(response)
    if status == 429 or reasons & {"rateLimitExceeded", "userRateLimitExceeded"}:
        return SheetsFailure(
            "RATE_LIMITED",
            "Google Sheets accepts no more requests for now. Try again in a minute.",
            retryable=True,
            retry_after=_retry_after(response),
        )
    if status == 408 or status >= 500:
        return SheetsFailure(
            "GOOGLE_FAILED",
            f"Google Sheets failed ({status}). Try again.",
            retryable=True,
            retry_after=_retry_after(response),
        )
    for reason in reasons & REASONS.keys():
        code, message = REASONS[reason]
        return SheetsFailure(code, message)
    if status in (401, 403):
        return SheetsFailure(
            "KEY_REFUSED", f"Google refused the request ({status}). Check the permissions of {SETTING}."
        )
    return SheetsFailure(
        "REQUEST_REFUSED",
        f"Google Sheets refused the request ({status}) with “{_quote(response)}”. Check GOOGLE_SHEETS_URL.",
    )


def _error(response: "Response") -> dict[str, Any]:
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _reasons(response: "Response") -> set[str]:
    error = _error(response)
    # Drive lists `errors`, Sheets lists `details`.
    listed = [*(error.get("errors") or ()), *(error.get("details") or ())]
    return {str(one.get("reason")) for one in listed if isinstance(one, dict)}


def _quote(response: "Response") -> str:
    text = " ".join(str(_error(response).get("message") or response.reason).split())
    return hide_addresses(text)[:300]


def _retry_after(response: "Response") -> float:
    """Return the seconds in the Retry-After header, in either of its forms; 0 without one."""
    header = response.headers.get("Retry-After", "0")
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return 0.0
