"""Google accounts: connect, confirm, disconnect and show them, and the person for whom Google is reached."""

import asyncio
import logging
import re
import secrets
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from auth.encryption import Cipher
from auth.tokens import new_refresh, refresh_digest
from auth.viewer import Viewer
from db.core.validation import checked_email
from db.google import accounts, consents, revocations
from db.models.google import GoogleAccount, GoogleRevocation
from db.models.users import User
from errors import BadUserInput, Forbidden, NotConfigured, NotFound, Unauthenticated, UpstreamFailed
from integrations.google.access import NO_ACCESS, GoogleAccess, GooglePerson, GoogleWay
from integrations.google.failures import SheetsFailure
from integrations.google.oauth import OAuthClient
from integrations.google.sharing import check_reach
from resolvers.core.context import Backend, Context, Info

EXCHANGE_SECONDS = 40.0  # two calls of Google, each with its own deadline
REVOKE_SECONDS = 10.0
CODE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none looks like another
CODE_LENGTH = 12
CODE_REFUSED = "This code is wrong or has expired. Call connectGoogle and open its authorizationUrl again."
SYSTEM = Viewer.system()

log = logging.getLogger("sheetgpt.google")


@dataclass(frozen=True)
class ConnectGoogleResult:
    authorization_url: str


@dataclass(frozen=True)
class ConfirmGoogleResult:
    user: User


@dataclass(frozen=True)
class DisconnectGoogleResult:
    user: User
    is_revoked: bool


async def google_account(root: strawberry.Parent[Any], info: Info) -> GoogleAccount | None:
    """Return the viewer's own account, read in one batch for all users of a list."""
    rows = await info.context.children(accounts.of_users, root.id, "user_id")
    return rows[0] if rows else None


def scopes_of_account(root: strawberry.Parent[Any]) -> list[str]:
    return str(root.scopes).split()


def needs_reconnect(root: strawberry.Parent[Any], info: Info) -> bool:
    return info.context.backend.google.needs_reconnect(root)


async def connect_google(
    info: Info,
    login_hint: Annotated[
        str | None, argument(description="E-mail address of the Google account to propose; Google asks when empty.")
    ] = None,
) -> ConnectGoogleResult:
    context, viewer = info.context, info.context.viewer
    oauth, cipher = configured(context.backend)
    if viewer.session_id is None or viewer.user_id is None:
        raise Unauthenticated
    hint = None if login_hint is None else checked_email(login_hint, "loginHint")
    (state, state_digest), (browser, browser_digest) = new_refresh(), new_refresh()
    verifier = secrets.token_urlsafe(64)
    encrypted = cipher.encrypt(verifier, viewer.user_id)
    await context.backend.database.write(
        consents.begin, SYSTEM, viewer.user_id, viewer.session_id, state_digest, browser_digest, encrypted
    )
    context.set_cookies.append(browser_cookie(context.backend, browser))
    return ConnectGoogleResult(
        await context.backend.google_work.run(viewer.user_id, oauth.authorization_url, state, verifier, hint)
    )


async def confirm_google(
    info: Info, code: Annotated[str, argument(description="Code from the page that followed Google's.")]
) -> ConfirmGoogleResult:
    context, viewer = info.context, info.context.viewer
    _, cipher = configured(context.backend)
    if viewer.session_id is None or viewer.user_id is None:
        raise Unauthenticated
    digest = refresh_digest(re.sub(r"[\s-]", "", code).upper())
    waiting = await context.backend.database.write(consents.confirm, SYSTEM, viewer.session_id, digest)
    google_code, verifier = (cipher.decrypt(part, viewer.user_id) for part in waiting or (None, None))
    if google_code is None or verifier is None:
        raise BadUserInput.of("code", CODE_REFUSED)
    try:
        await connect(context.backend, viewer, google_code, verifier)
    except SheetsFailure as failure:
        raise UpstreamFailed(failure.message) from None
    context.preloaded.clear()
    return ConfirmGoogleResult(await _viewer(context))


async def disconnect_google(info: Info) -> DisconnectGoogleResult:
    context = info.context
    revocation = await context.write(accounts.disconnect)
    is_revoked = await revoke(context.backend, revocation)
    return DisconnectGoogleResult(await _viewer(context), is_revoked)


async def connect(backend: Backend, viewer: Viewer, code: str, verifier: str) -> None:
    """Exchange a code of Google and store the account of the viewer. Raises SheetsFailure."""
    oauth, cipher = configured(backend)
    assert viewer.user_id is not None
    async with asyncio.timeout(EXCHANGE_SECONDS):
        grant = await backend.google_work.run(viewer.user_id, oauth.exchange, code, verifier)
    encrypted = cipher.encrypt(grant.refresh_token, viewer.user_id)
    replaced = await backend.database.write(accounts.connect, viewer, grant.email, " ".join(grant.scopes), encrypted)
    # Google revokes all tokens of an account at once, so the token of the same account must not be revoked.
    await revoke(backend, replaced)


async def revoke(backend: Backend, revocation: GoogleRevocation | None) -> bool:
    """Revoke a token that is forgotten here; return False if Google was not reached, so that it is tried later."""
    oauth, cipher = backend.google.oauth, backend.google.cipher
    if revocation is None:
        return True
    token = cipher and cipher.decrypt(revocation.refresh_token, revocation.user_id)
    if oauth is not None and token:
        try:
            async with asyncio.timeout(REVOKE_SECONDS):
                is_revoked = await backend.google_work.run(revocation.user_id, oauth.revoke, token)
        except TimeoutError:
            is_revoked = False
        if not is_revoked:
            log.warning("Google was not reached to revoke the connection of a user; it will be tried again")
            return False
    await backend.database.write(revocations.finish, SYSTEM, revocation.id)
    return True


async def google_person(backend: Backend, user_id: UUID | None) -> GooglePerson:
    """Return the person for whom Google is reached, with their connected account. Raises NotFound."""
    if user_id is None:
        raise Unauthenticated
    viewer = Viewer(user_id)
    user = await backend.database.find(User, viewer, user_id)
    if user is None:
        raise NotFound("This account was deleted.")
    account = await backend.database.read_one(accounts.of_viewer, viewer)
    if account is not None:
        await _renew(backend, viewer, account)
    return backend.google.person(user, account)


async def _renew(backend: Backend, viewer: Viewer, account: GoogleAccount) -> None:
    """Encrypt the token with the newest key, so that an earlier one can be removed from the settings one day."""
    cipher, stored = backend.google.cipher, account.refresh_token
    renewed = cipher.renewed(stored, account.user_id) if cipher is not None else None
    if stored is not None and renewed is not None:
        await backend.database.write(accounts.store_token, viewer, account.id, stored, renewed)


async def checked_access(
    backend: Backend, user_id: UUID | None, spreadsheet_id: str | None = None, field: str = "spreadsheetId"
) -> GoogleAccess:
    """Return the way to Google for a user's export, after a check with Google.

    Raises NotConfigured, Forbidden, or BadUserInput at `field` for a spreadsheet that cannot be changed: what a job
    could not do is refused before it is made.
    """
    google = backend.google
    access = google.access_for(await google_person(backend, user_id), spreadsheet_id)
    if spreadsheet_id is None and access.way is not GoogleWay.DELEGATION:
        return access
    try:
        await backend.google_work.run(user_id, check_reach, access, google.base_url, spreadsheet_id)
    except SheetsFailure as failure:
        if failure.code == NO_ACCESS:
            raise BadUserInput.of(field, failure.message) from None
        raise Forbidden(failure.message) from None
    return access


def configured(backend: Backend) -> tuple[OAuthClient, Cipher]:
    """Return the OAuth client and the cipher of its tokens. Raises NotConfigured."""
    oauth, cipher = backend.google.oauth, backend.google.cipher
    if oauth is None or cipher is None:
        raise NotConfigured(
            "People cannot connect their Google accounts to this server: the operator sets GOOGLE_OAUTH_CLIENT_ID."
        )
    return oauth, cipher


def new_code() -> str:
    """Return a code that people can copy, of 58 random bits."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def browser_cookie(backend: Backend, secret: str) -> str:
    """Return the Set-Cookie header that ties a consent to the browser that begins it."""
    seconds = int(consents.LIFETIME.total_seconds())
    secure = "; Secure" if is_secure(backend) else ""
    return f"{cookie_name(backend)}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def cookie_name(backend: Backend) -> str:
    # With the prefix, browsers let no other host under the same domain set the cookie.
    return "__Host-sheetgpt-google" if is_secure(backend) else "sheetgpt-google"


def is_secure(backend: Backend) -> bool:
    return configured(backend)[0].redirect_uri.startswith("https://")


async def _viewer(context: Context) -> User:
    user = await context.by_id(User, context.viewer_id)
    if user is None:
        raise Unauthenticated
    return user
