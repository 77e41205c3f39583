"""Single sign-on: list the providers, send browsers to them, take them back, and exchange one-time codes."""

import asyncio
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from strawberry import argument

from auth.limits import Action
from auth.tokens import new_refresh, refresh_digest
from auth.viewer import Viewer
from db.accounts import single_sign_on
from db.accounts.single_sign_on import Admission, Outcome, Person
from db.core.audit_context import AuditContext, audit_context
from db.core.base import now
from db.core.validation import checked_email
from db.models.organizations import Organization
from db.models.single_sign_on import LIFETIME
from errors import BadUserInput
from integrations.oidc.client import Identity, OIDCClient, OIDCFailure
from resolvers.accounts.sessions import SignInResult, create_session
from resolvers.core.context import Backend, Info
from resolvers.core.ids import decode_or_none

PATH = "/oauth/oidc"
EXCHANGE_SECONDS = 40.0  # discovery, code, keys and user info, each with its own deadline
MAX_LENGTH = 8_192  # characters of a code; some providers put a token into it
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
CODE_REFUSED = "This code is wrong, was used before or has expired, or its verifier is another one. Sign in again."
SYSTEM = Viewer.system()

log = logging.getLogger("sheetgpt.access")


@dataclass(frozen=True)
class SignInProvider:
    key: str
    name: str
    url: str


@dataclass(frozen=True)
class Step:
    """Next step of a browser: the page with this name, or the address `location`; `cookie` is a Set-Cookie header."""

    page: str = ""
    location: str | None = None
    cookie: str | None = None


@dataclass(frozen=True)
class Pending:
    """Sign-in under way, encrypted in a cookie of the browser that began it; `expires_at` is in seconds since 1970."""

    provider: str
    nonce: str
    verifier: str
    challenge: str | None
    expires_at: float


Begin = Callable[[str, str | None, str | None], Awaitable[Step]]
Complete = Callable[[str, Mapping[str, str], Mapping[str, str], str, str | None], Awaitable[Step]]


def list_sign_in_providers(info: Info) -> list[SignInProvider]:
    address = (info.context.backend.settings.public_url or "").rstrip("/")
    return [
        SignInProvider(key, client.config.name, f"{address}{PATH}/{key}")
        for key, client in info.context.backend.sign_in_clients.items()
    ]


async def exchange_sign_in_code(
    info: Info,
    code: Annotated[str, argument(description="Code from `#signInCode=…`; valid once, for two minutes.")],
    verifier: Annotated[
        str | None,
        argument(
            description="Text whose SHA-256, in base64url without padding, the page appended to the provider's url as "
            "`?challenge=…`; required exactly if it did."
        ),
    ] = None,
) -> SignInResult:
    context = info.context
    challenge = None if verifier is None else sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    user = await context.backend.database.write(single_sign_on.redeem, SYSTEM, refresh_digest(code), challenge)
    if user is None:
        raise BadUserInput.of("code", CODE_REFUSED)
    return SignInResult(user, await create_session(context, user))


def begin(backend: Backend) -> Begin:
    """Return a function that sends a browser to a provider."""

    async def send(key: str, challenge: str | None, ip_address: str | None) -> Step:
        client = backend.sign_in_clients.get(key)
        if client is None or (challenge is not None and not CHALLENGE.fullmatch(challenge)):
            return Step("unknown")
        await backend.attempts.count(Action.LOG_IN, ip_address)
        state, _ = new_refresh()
        expires_at = (now() + LIFETIME).timestamp()
        pending = Pending(key, secrets.token_urlsafe(32), secrets.token_urlsafe(64), challenge, expires_at)
        try:
            async with asyncio.timeout(EXCHANGE_SECONDS):
                url = await backend.sign_in_work.run(
                    ip_address, client.authorization_url, state, pending.nonce, pending.verifier
                )
        except (OIDCFailure, TimeoutError) as error:
            return Step(_failure(key, error))
        sealed = backend.sign_in_cipher.encrypt(json.dumps(asdict(pending)), _owner(state)).decode()
        return Step(location=url, cookie=_cookie(client, sealed, int(LIFETIME.total_seconds())))

    return send


def complete(backend: Backend) -> Complete:
    """Return a function that takes a browser back from a provider."""

    async def take(
        key: str, query: Mapping[str, str], cookies: Mapping[str, str], request_id: str, ip_address: str | None
    ) -> Step:
        client = backend.sign_in_clients.get(key)
        if client is None:
            return Step("unknown")
        state = query.get("state", "")
        pending = _unseal(backend, state, cookies.get(_cookie_name(client), ""))
        # The state of another browser, provider or time leaves the cookie of this one alone.
        if pending is None or pending.provider != key:
            return Step("unknown")
        removal = _cookie(client, "", 0)
        if not await backend.database.write(single_sign_on.use_state, SYSTEM, refresh_digest(state)):
            return Step("unknown", cookie=removal)
        with audit_context(AuditContext("singleSignOn", ip_address, request_id)):
            page, location = await _admit(backend, client, pending, query, ip_address)
        return Step(page, location, removal)

    return take


async def _admit(
    backend: Backend, client: OIDCClient, pending: Pending, query: Mapping[str, str], ip_address: str | None
) -> tuple[str, str | None]:
    """Return the name of a page, or the address with a one-time code."""
    code, error = query.get("code", ""), query.get("error")
    if error is not None or not 0 < len(code) <= MAX_LENGTH:
        return ("denied" if error == "access_denied" else "refused"), None
    try:
        async with asyncio.timeout(EXCHANGE_SECONDS):
            identity = await backend.sign_in_work.run(
                ip_address, client.identity, code, pending.verifier, pending.nonce, query.get("iss")
            )
    except (OIDCFailure, TimeoutError) as failure:
        return _failure(client.config.key, failure), None
    one_time, digest = new_refresh()
    challenge = None if pending.challenge is None else _decoded(pending.challenge)
    outcome = await backend.database.write(
        single_sign_on.admit,
        SYSTEM,
        refresh_digest(query["state"]),
        _person(identity),
        admission_of(client),
        digest,
        challenge,
    )
    if outcome is not Outcome.SIGNED_IN:
        log.warning("sign-in refused", extra={"fields": {"provider": client.config.key, "reason": outcome.value}})
        return outcome.value, None
    # In the fragment, which browsers send to no server: it is in no log and in no Referer header.
    return "", f"{backend.settings.oidc_return_url or own_page(client)}#signInCode={quote(one_time)}"


def admission_of(client: OIDCClient) -> Admission:
    """Return the rules of a provider. Raises ValueError if its organization is no id of one."""
    config = client.config
    organization_id = None
    if config.organization is not None:
        organization_id = decode_or_none(config.organization, Organization)
        if organization_id is None:
            raise ValueError(f"the provider {config.key}: organization is not the id of an organization")
    return Admission(config.domains, organization_id, config.sign_up)


def own_page(client: OIDCClient) -> str:
    """Return the page of this server, which is beside the address that the provider sends browsers to."""
    return client.redirect_uri.removesuffix(f"{PATH}/{client.config.key}/callback") + "/"


def _person(identity: Identity) -> Person:
    email = None
    if identity.is_email_verified and identity.email is not None:
        try:
            email = checked_email(identity.email, "email")
        except BadUserInput:
            email = None  # as good as not verified: no account has such an address
    return Person(identity.issuer, identity.subject, email, identity.first_name, identity.last_name)


def _failure(key: str, error: OIDCFailure | TimeoutError) -> str:
    """Log a failure for the operator and return the name of its page."""
    reason = str(error) if isinstance(error, OIDCFailure) else f"no answer within {EXCHANGE_SECONDS:.0f} seconds"
    log.warning("sign-in failed", extra={"fields": {"provider": key, "reason": reason}})
    return error.failure.value if isinstance(error, OIDCFailure) else "unreachable"


def _unseal(backend: Backend, state: str, sealed: str) -> Pending | None:
    """Return the sign-in that this browser began with this state, unless it is too old."""
    text = backend.sign_in_cipher.decrypt(sealed.encode("utf-8", "replace"), _owner(state))
    pending = None if text is None else Pending(**json.loads(text))
    return pending if pending is not None and pending.expires_at > now().timestamp() else None


def _owner(state: str) -> UUID:
    """Return an id made of the state, so that a cookie decrypts with its own state alone."""
    return UUID(bytes=refresh_digest(state)[:16])


def _decoded(challenge: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(challenge + "=")


def _cookie(client: OIDCClient, value: str, seconds: int) -> str:
    secure = "; Secure" if client.redirect_uri.startswith("https://") else ""
    return f"{_cookie_name(client)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def _cookie_name(client: OIDCClient) -> str:
    # With the prefix, browsers let no other host under the same domain set the cookie.
    return f"{'__Host-' if client.redirect_uri.startswith('https://') else ''}sheetgpt-sign-in"
