"""Passwords, addresses and names; who is signed in where; what superusers do to accounts."""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated

import strawberry

from auth.limits import Action
from auth.passwords import check_rules
from auth.tokens import new_refresh, refresh_digest
from auth.viewer import Viewer
from db.accounts import account_deletion, accounts, sessions, users, verifications
from db.core.base import now
from db.core.validation import EMAIL
from db.models.sessions import SignIn
from db.models.users import User
from errors import BadUserInput, Unauthenticated
from resolvers.accounts.users import SignedOut, checked_name, normalized
from resolvers.core.context import Context, Info
from resolvers.core.ids import key

RESET_SECONDS = 0.3  # longer than what is done for an address that is known takes
SYSTEM = Viewer.system()

says = strawberry.argument


@dataclass(frozen=True)
class Requested:
    message: str


@dataclass(frozen=True)
class Changed:
    user: User


async def log_out_everywhere(info: Info) -> SignedOut:
    await info.context.write(sessions.close_all)
    return SignedOut()


async def revoke_session(
    info: Info, id: Annotated[strawberry.ID, says(description="Which one, of `me.sessions`.")]
) -> SignedOut:
    await info.context.write(sessions.close, key(id, SignIn))
    return SignedOut()


async def change_password(
    info: Info,
    current_password: Annotated[str, says(description="The one that you have.")],
    new_password: Annotated[str, says(description="8 to 256 characters, and none of the common ones.")],
) -> Changed:
    context = info.context
    person = await _viewer(context)
    await context.backend.attempts.count(Action.LOG_IN, context.origin.ip_address, person.email)
    verified = await context.backend.passwords.verify(current_password, person.password_hash)
    if not verified.ok:
        raise BadUserInput.of("currentPassword", "This is not your password.")
    hashed = await _hashed(context, new_password, person)
    return Changed(await context.write(accounts.change_password, hashed))


async def delete_account(info: Info, password: Annotated[str, says(description="Your password.")]) -> SignedOut:
    context = info.context
    person = await _viewer(context)
    await context.backend.attempts.count(Action.LOG_IN, context.origin.ip_address, person.email)
    if not (await context.backend.passwords.verify(password, person.password_hash)).ok:
        raise BadUserInput.of("password", "This is not your password.")
    await context.write(account_deletion.delete_account)
    return SignedOut()


async def request_password_reset(
    info: Info, email: Annotated[str, says(description="The address that you log in with.")]
) -> Requested:
    backend, email = info.context.backend, normalized(email)
    await backend.attempts.count(Action.RESET, info.context.origin.ip_address, email)
    # Everybody waits for the same time, so that it does not tell whether there is such an account.
    answering = time.monotonic() + RESET_SECONDS
    if EMAIL.fullmatch(email):
        await backend.database.write(verifications.request_reset, SYSTEM, email, *new_refresh())
    await asyncio.sleep(answering - time.monotonic())
    return Requested("If there is an account with this address, a mail is on its way: follow what it says.")


async def reset_password(
    info: Info,
    token: Annotated[str, says(description="The one that was mailed; it is good once.")],
    new_password: Annotated[str, says(description="8 to 256 characters, and none of the common ones.")],
) -> SignedOut:
    context, digest = info.context, refresh_digest(token)
    await context.backend.attempts.count(Action.RESET, context.origin.ip_address)
    person = await context.backend.database.read_one(verifications.resettable, SYSTEM, digest=digest, moment=now())
    if person is None:
        raise BadUserInput.of("token", verifications.REFUSED)
    hashed = await _hashed(context, new_password, person)
    await context.backend.database.write(verifications.reset_password, SYSTEM, digest, hashed)
    return SignedOut()


async def request_email_verification(info: Info) -> Requested:
    context = info.context
    person = await _viewer(context)
    await context.backend.attempts.count(Action.RESET, context.origin.ip_address, person.email)
    await context.backend.database.write(verifications.request_verification, SYSTEM, person.id, *new_refresh())
    return Requested(f"A mail is on its way to {person.email}.")


async def verify_email(
    info: Info, token: Annotated[str, says(description="The one that was mailed; it is good once.")]
) -> SignedOut:
    context = info.context
    await context.backend.attempts.count(Action.RESET, context.origin.ip_address)
    await context.backend.database.write(verifications.verify_email, SYSTEM, refresh_digest(token))
    return SignedOut()


async def update_profile(
    info: Info,
    first_name: Annotated[str | None, says(description="Given name; null leaves it as it is.")] = None,
    last_name: Annotated[str | None, says(description="Family name; null leaves it as it is.")] = None,
) -> Changed:
    first = None if first_name is None else checked_name("firstName", first_name)
    last = None if last_name is None else checked_name("lastName", last_name)
    return Changed(await info.context.write(users.update_profile, first, last))


async def update_user(
    info: Info,
    id: Annotated[strawberry.ID, says(description="Whom.")],
    is_active: Annotated[bool | None, says(description="Whether they can sign in; null leaves it as it is.")] = None,
    is_superuser: Annotated[
        bool | None, says(description="Whether they see and change everything; null leaves it as it is.")
    ] = None,
) -> Changed:
    return Changed(await info.context.write(accounts.update, key(id, User), is_active, is_superuser))


async def _viewer(context: Context) -> User:
    """The row of whoever is signed in."""
    user = await context.by_id(User, context.viewer.user_id)
    if user is None:
        raise Unauthenticated
    return user


async def _hashed(context: Context, password: str, person: User) -> str:
    try:
        accepted = check_rules(password, email=person.email)
    except BadUserInput as error:
        raise BadUserInput.of("newPassword", error.message) from None
    return await context.backend.passwords.hash(accepted)
