"""Ways to reach Google for one person: with their own account, by delegation, or with the server's service account.

`Google.access_for` chooses the way from the settings and the person, before anything is sent. It raises an error that
names the ways out where there is none, so that no job is made which Google would refuse.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from auth.encryption import Cipher
from errors import BadUserInput, Forbidden, NotConfigured
from integrations.google.failures import SheetsFailure
from integrations.google.oauth import OAuthClient
from integrations.google.quota import Quota
from integrations.google.service_account import SPREADSHEETS, ServiceAccount

# Google's ids of files have letters, digits, hyphens and underscores; those of today have 33 or 44.
FILE_ID = re.compile(r"[A-Za-z0-9_-]{10,200}", re.ASCII)
SPREADSHEET_URL = re.compile(
    r"https://docs\.google\.com/(?:a/[^/]+/)?spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]{10,200})"
)
FOLDER_URL = re.compile(r"https://drive\.google\.com/drive/(?:u/\d+/)?folders/([A-Za-z0-9_-]{10,200})")
NO_ACCESS = "NO_ACCESS"


class GoogleWay(StrEnum):
    """Identity that acts at Google."""

    PERSON = "PERSON"  # the person's own account, by OAuth
    DELEGATION = "DELEGATION"  # the service account in the name of the person
    SERVICE_ACCOUNT = "SERVICE_ACCOUNT"  # the service account itself


@dataclass(frozen=True)
class ConnectedAccount:
    """Google account that a person has connected; `credentials()` returns google-auth's."""

    email: str
    scopes: frozenset[str]
    needs_reconnect: bool
    credentials: Callable[[], Any] = field(repr=False)


class User(Protocol):
    """User as the database has them."""

    @property
    def email(self) -> str: ...
    @property
    def is_email_verified(self) -> bool: ...


class StoredAccount(Protocol):
    """Connected account as the database has it; its token is encrypted for its user."""

    @property
    def user_id(self) -> UUID: ...
    @property
    def email(self) -> str: ...
    @property
    def scopes(self) -> str: ...
    @property
    def refresh_token(self) -> bytes | None: ...
    @property
    def withdrawn_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class GooglePerson:
    """Person for whom Google is reached."""

    email: str
    is_email_verified: bool
    account: ConnectedAccount | None = None


@dataclass(frozen=True)
class GoogleAccess:
    """Way to reach Google for one export or import.

    `address` is the Google account that acts, and the user whose quota is spent. A new spreadsheet is created in
    `folder`, or in the root of that account's Drive, and shared with `share_with` where it belongs to another.
    `credentials()` returns google-auth's, for one thread. `verified_email` is the person's address, where the service
    account acts for several people, and `sees_own_files_only` says that Google hides what this server did not create.
    `quota` counts the requests of all accounts.
    """

    way: GoogleWay
    address: str
    credentials: Callable[[], Any] = field(repr=False)
    folder: str | None = None
    share_with: str | None = None
    verified_email: str | None = None
    sees_own_files_only: bool = False
    quota: Quota = field(default_factory=Quota, repr=False, compare=False)

    def no_access(self) -> SheetsFailure:
        """Return the failure for a spreadsheet that `address` cannot open or change, which names the remedy."""
        if self.sees_own_files_only:
            return SheetsFailure(
                NO_ACCESS,
                f"With the access that {self.address} has given, this server opens only spreadsheets that it created. "
                "The operator can set GOOGLE_OAUTH_SCOPES to `drive.file spreadsheets`; then connect again.",
            )
        also = "" if self.way is GoogleWay.SERVICE_ACCOUNT else " Or connect the Google account that may open it."
        return SheetsFailure(
            NO_ACCESS,
            f"{self.address} cannot open or change this spreadsheet, or there is none. Share it with this address as "
            f"an editor.{also}",
        )


@dataclass(frozen=True)
class Google:
    """Google as the settings configure it; without arguments, nothing is configured.

    `oauth` is the client with which people connect their accounts, and `cipher` encrypts their tokens. `base_url`
    replaces the hosts of Google's APIs, and `quota` counts the requests to them.
    """

    service_account: ServiceAccount | None = None
    folder: str | None = None
    delegation: bool = False
    oauth: OAuthClient | None = None
    cipher: Cipher | None = None
    base_url: str | None = None
    quota: Quota = field(default_factory=Quota, repr=False, compare=False)

    def person(self, user: User, account: StoredAccount | None) -> GooglePerson:
        """Return the person with their connected account, unless the server has no OAuth client any more."""
        connected = None if account is None or self.oauth is None else self._connected(self.oauth, account)
        return GooglePerson(user.email, user.is_email_verified, connected)

    def _connected(self, oauth: OAuthClient, account: StoredAccount) -> ConnectedAccount:
        token = self.token_of(account)
        return ConnectedAccount(
            account.email,
            frozenset(account.scopes.split()),
            needs_reconnect=self.needs_reconnect(account),
            credentials=partial(oauth.credentials, token or ""),
        )

    def token_of(self, account: StoredAccount) -> str | None:
        """Return the refresh token; None if its key is not among SECRET_KEY and its predecessors."""
        return self.cipher.decrypt(account.refresh_token, account.user_id) if self.cipher else None

    def needs_reconnect(self, account: StoredAccount) -> bool:
        return account.withdrawn_at is not None or self.token_of(account) is None

    def access_for(self, person: GooglePerson, spreadsheet_id: str | None = None) -> GoogleAccess:
        """Return the way to write into a spreadsheet, or without one to create it, for a person.

        Their own account comes first, then delegation, then the service account. Raises NotConfigured, naming the
        ways out, if the server has none, and Forbidden if the person has to do something first.
        """
        return replace(self._way(person, spreadsheet_id), quota=self.quota)

    def _way(self, person: GooglePerson, spreadsheet_id: str | None) -> GoogleAccess:
        if person.account is not None:
            return _as_person(person.account)
        if self.service_account is None:
            raise NotConfigured(self._nothing_configured())
        if self.delegation:
            return _delegated(self.service_account, person)
        if spreadsheet_id is None and self.folder is None:
            raise NotConfigured(self._ways_out(self.service_account.address))
        account = self.service_account
        return GoogleAccess(
            GoogleWay.SERVICE_ACCOUNT,
            account.address,
            account.credentials,
            folder=self.folder,
            share_with=person.email,
            verified_email=person.email if person.is_email_verified else None,
        )

    def _nothing_configured(self) -> str:
        if self.oauth is not None:
            return "Connect your Google account first: call connectGoogle and open its authorizationUrl."
        return (
            "This server cannot write to Google Sheets. Export to a file, or ask the operator to set "
            "GOOGLE_OAUTH_CLIENT_ID, so that you can connect your Google account, or GOOGLE_SERVICE_ACCOUNT_FILE."
        )

    def _ways_out(self, address: str) -> str:
        # Clients see 300 characters of a message, and the address alone may have 84.
        connect = "connect your own account: connectGoogle" if self.oauth else "operator: GOOGLE_OAUTH_CLIENT_ID"
        return (
            "Google gives service accounts no storage for new spreadsheets. Three ways out: "
            f"(1) {connect}; (2) share a spreadsheet with {address} and pass its spreadsheetId; "
            "(3) operator: GOOGLE_DRIVE_FOLDER in a shared drive, or GOOGLE_DELEGATION."
        )


def _as_person(account: ConnectedAccount) -> GoogleAccess:
    if account.needs_reconnect:
        raise Forbidden(
            f"Google no longer accepts the connection to {account.email}: it expired or was removed. Call "
            "connectGoogle again, or disconnectGoogle."
        )
    is_limited = SPREADSHEETS not in account.scopes
    return GoogleAccess(GoogleWay.PERSON, account.email, account.credentials, sees_own_files_only=is_limited)


def _delegated(account: ServiceAccount, person: GooglePerson) -> GoogleAccess:
    # Without the check, an account signed up with a colleague's address would reach the colleague's Drive.
    if not person.is_email_verified:
        raise Forbidden(
            f"Confirm your e-mail address {person.email} first, because this server writes to Google Sheets in your "
            "name. Call requestEmailVerification, then verifyEmail with the token from the mail."
        )
    return GoogleAccess(GoogleWay.DELEGATION, person.email, partial(account.credentials, person.email))


def spreadsheet_id_of(text: str, field: str) -> str:
    """Return the id of a spreadsheet from its id or URL. Raises BadUserInput for any other text."""
    id_ = _id_in(text, SPREADSHEET_URL)
    if id_ is None:
        raise BadUserInput.of(
            field,
            "Pass the URL of a Google spreadsheet, such as https://docs.google.com/spreadsheets/d/…/edit, or the id "
            "in it.",
        )
    return id_


def folder_id_of(text: str) -> str:
    """Return the id of a folder from its id or URL. Raises ValueError for any other text."""
    id_ = _id_in(text, FOLDER_URL)
    if id_ is None:
        raise ValueError("write the id of a folder, or its address https://drive.google.com/drive/folders/…")
    return id_


def _id_in(text: str, url: re.Pattern[str]) -> str | None:
    text = text.strip()
    if FILE_ID.fullmatch(text):
        return text
    match = url.match(text)
    return match[1] if match else None
