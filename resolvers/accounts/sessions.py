"""Sessions: log in, refresh, log out, list and revoke."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument

from auth.api_keys import ApiScope
from auth.limits import Action
from auth.tokens import issue_access, new_refresh, refresh_digest, successors_of
from auth.viewer import Viewer
from db.accounts import sessions, users
from db.accounts.sessions import Rotation
from db.core.base import now
from db.core.validation import EMAIL, normalized_email
from db.models.sessions import SignIn
from db.models.users import User
from errors import Unauthenticated
from resolvers.core.context import Backend, Context, Info, Origin
from resolvers.core.ids import decode_id

log = logging.getLogger("sheetgpt.access")


@dataclass(frozen=True)
class Tokens:
    """Token pair of a session: the access token for requests, the refresh token for the next pair."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  the name of a scheme


@dataclass(frozen=True)
class SignInResult:
    user: User
    session: Tokens
    message: str = ""


@dataclass(frozen=True)
class SignOutResult:
    ok: bool = True


async def list_sessions(root: strawberry.Parent[Any], info: Info) -> list[SignIn]:
    info.context.require_scope(ApiScope.ADMIN, "User.sessions")
    return await info.context.read(sessions.of_viewer, user_id=root.id, moment=now())


def is_current_session(root: strawberry.Parent[Any], info: Info) -> bool:
    return bool(root.id == info.context.viewer.session_id)


async def log_in(
    info: Info,
    email: Annotated[str, argument(description="E-mail address of the account.")],
    password: Annotated[str, argument(description="Your password.")],
) -> SignInResult:
    backend = info.context.backend
    system = Viewer.system()
    email = normalized_email(email)
    # Counted before the password is verified, since each verification costs much CPU time.
    await backend.attempts.count(Action.LOG_IN, info.context.origin.ip_address, email)
    is_possible = EMAIL.fullmatch(email) is not None
    user = await backend.database.read_one(users.by_email, system, email=email) if is_possible else None
    # Also verified without an account, so that timing does not reveal which addresses have one.
    verified = await backend.passwords.verify(password, user.password_hash if user else None)
    if user is None or not verified.ok or not user.is_active:
        log.warning("sign-in refused", extra={"fields": {"userId": str(user.id) if user else None}})
        raise Unauthenticated("The e-mail address or the password is wrong.")
    if verified.rehashed:
        await backend.database.write(users.replace_password_hash, system, user.id, verified.rehashed)
    return SignInResult(user, await create_session(info.context, user))


async def refresh_session(
    info: Info,
    refresh_token: Annotated[
        str, argument(description="Latest refresh token; valid once, and repeatable for 10 seconds.")
    ],
) -> SignInResult:
    backend, address = info.context.backend, info.context.origin.ip_address
    old_digest = refresh_digest(refresh_token)
    session = await backend.database.read_one(sessions.by_token, Viewer.system(), digest=old_digest)
    await backend.attempts.count(Action.REFRESH, address, str(session.user_id) if session else None)
    successors = {refresh_digest(token): token for token in successors_of(backend.secrets, refresh_token)}
    rotation = Rotation(old_digest, list(successors), _client(info.context.origin), _lifetime(backend))
    rotated = await backend.database.write(sessions.rotate, Viewer.system(), rotation)
    if rotated is None:
        raise Unauthenticated("This refresh token was used before, so its session was ended for safety. Log in again.")
    sign_in, owner, digest = rotated
    return SignInResult(owner, _tokens(backend, owner, sign_in.id, successors[digest]))


def _client(origin: Origin) -> bytes:
    """Return a digest of the user agent and the address, which tell two clients apart."""
    return refresh_digest(f"{origin.ip_address}\n{origin.user_agent}")


async def log_out(
    info: Info,
    refresh_token: Annotated[
        str | None,
        argument(
            description="Refresh token of the session, needed when the access token has expired; otherwise the "
            "Authorization header is enough.",
        ),
    ] = None,
) -> SignOutResult:
    database = info.context.backend.database
    # The refresh token suffices: an expired access token must not keep a user signed in.
    if refresh_token is not None:
        await database.write(sessions.log_out_by_token, Viewer.system(), refresh_digest(refresh_token))
    else:
        await info.context.write(sessions.log_out, _session_id(info.context))
    return SignOutResult()


def _session_id(context: Context) -> UUID:
    if context.viewer.session_id is None:
        raise Unauthenticated
    return context.viewer.session_id


async def create_session(context: Context, owner: User) -> Tokens:
    """Create a session for the user on the requesting device."""
    token, digest = new_refresh()
    sign_in = await context.backend.database.write(
        sessions.create,
        Viewer.system(),
        owner.id,
        digest,
        _lifetime(context.backend),
        user_agent=context.origin.user_agent and context.origin.user_agent[:300],
        ip_address=context.origin.ip_address,
    )
    log.info("sign-in", extra={"fields": {"userId": str(owner.id), "sessionId": str(sign_in.id)}})
    return _tokens(context.backend, owner, sign_in.id, token)


def _lifetime(backend: Backend) -> timedelta:
    return timedelta(days=backend.settings.refresh_token_days)


def _tokens(backend: Backend, owner: User, sign_in_id: UUID, refresh: str) -> Tokens:
    lifetime = timedelta(minutes=backend.settings.access_token_minutes)
    access = issue_access(
        backend.secrets[0],
        user_id=owner.id,
        email=owner.email,
        session_id=sign_in_id,
        lifetime=lifetime,
        now=now(),
    )
    return Tokens(access, refresh, int(lifetime.total_seconds()))


async def log_out_everywhere(info: Info) -> SignOutResult:
    await info.context.write(sessions.log_out_everywhere)
    return SignOutResult()


async def revoke_session(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of the session, from `me.sessions`.")]
) -> SignOutResult:
    await info.context.write(sessions.log_out, decode_id(id, SignIn))
    return SignOutResult()
