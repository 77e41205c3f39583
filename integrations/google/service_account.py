"""Service accounts: the key file, and the credentials made of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.google.failures import bad_account

SCOPE_PREFIX = "https://www.googleapis.com/auth/"
DRIVE_FILE, SPREADSHEETS = f"{SCOPE_PREFIX}drive.file", f"{SCOPE_PREFIX}spreadsheets"
# Not to be delegated: the admin of a domain lists the scopes that an app may have there.
DRIVE_METADATA = f"{SCOPE_PREFIX}drive.metadata.readonly"
SCOPES = (SPREADSHEETS, DRIVE_FILE)


@dataclass(frozen=True)
class ServiceAccount:
    """Key of a service account; `address` is its e-mail address."""

    address: str
    key: dict[str, str] = field(repr=False)

    def credentials(self, subject: str | None = None) -> Any:
        """Return google-auth's credentials of the account, which acts as `subject` where given.

        As itself, the account also sees with whom files are shared.
        """
        from google.oauth2.service_account import Credentials

        try:
            # google-auth says py.typed but leaves its signatures bare: Any keeps that in here.
            make: Any = Credentials.from_service_account_info
            return make(self.key, scopes=SCOPES if subject else (*SCOPES, DRIVE_METADATA), subject=subject)
        except ValueError as error:
            raise bad_account("holds a private key that is damaged") from error


def read_service_account(path: Path) -> ServiceAccount:
    """Return the account of a key file. Raises SheetsFailure BAD_SERVICE_ACCOUNT."""
    try:
        key = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise bad_account(f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise bad_account("is not JSON") from error
    if not isinstance(key, dict) or key.get("type") != "service_account":
        raise bad_account("is not the key of a service account")
    missing = [name for name in ("client_email", "private_key", "token_uri") if not key.get(name)]
    if missing:
        raise bad_account(f"lacks {', '.join(missing)}")
    return ServiceAccount(key["client_email"], key)
