"""Accounts: sign up, change passwords, addresses and names, delete; administration by superusers."""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated

import strawberry
from strawberry import argument

from auth.limits import Action
from auth.passwords import check_rules
from auth.tokens import new_refresh, refresh_digest
from auth.viewer import Viewer
from db.accounts import account_deletion, accounts, users, verifications
from db.core.base import now
from db.core.validation import EMAIL, checked_email, normalized_email
from db.models.users import User
from errors import BadUserInput, Conflict, Mistakes, Unauthenticated
from resolvers.accounts.sessions import SignInResult, SignOutResult, create_session
from resolvers.accounts.users import checked_name
from resolvers.core.context import Backend, Context, IdempotencyKey, Info
from resolvers.core.ids import decode_id
from resolvers.google.accounts import revoke

RESET_SECONDS = 0.3  # longer than the work for a known address takes
SYSTEM = Viewer.system()


@dataclass(frozen=True)
class MailRequestResult:
    message: str


@dataclass(frozen=True)
class UserResult:
    user: User


async def change_password(
    info: Info,
    current_password: Annotated[str, argument(description="Your current password.")],
    new_password: Annotated[
        str, argument(description="Password of 8 to 256 characters; common passwords are refused.")
    ],
) -> UserResult:
    context = info.context
    person = await _viewer(context)
    await context.backend.attempts.count(Action.LOG_IN, context.origin.ip_address, person.email)
    verified = await context.backend.passwords.verify(current_password, person.password_hash)
    with Mistakes() as check:
        if not verified.ok:
            check.add("currentPassword", "Wrong password. Enter your current password.")
        accepted = check(_new_password, new_password, person)
    hashed = await context.backend.passwords.hash(accepted)
    return UserResult(await context.write(accounts.change_password, hashed))


async def delete_account(info: Info, password: Annotated[str, argument(description="Your password.")]) -> SignOutResult:
    context = info.context
    person = await _viewer(context)
    await context.backend.attempts.count(Action.LOG_IN, context.origin.ip_address, person.email)
    if not (await context.backend.passwords.verify(password, person.password_hash)).ok:
        raise BadUserInput.of("password", "Wrong password. Enter your current password.")
    await revoke(context.backend, await context.write(account_deletion.delete_account))
    return SignOutResult()


async def request_password_reset(
    info: Info, email: Annotated[str, argument(description="E-mail address of the account.")]
) -> MailRequestResult:
    backend, email = info.context.backend, normalized_email(email)
    await backend.attempts.count(Action.RESET, info.context.origin.ip_address, email)
    # Known and unknown addresses are answered after the same time, so that timing does not reveal accounts.
    answer_at = time.monotonic() + RESET_SECONDS
    if EMAIL.fullmatch(email):
        await backend.database.write(verifications.request_reset, SYSTEM, email, *new_refresh())
    await asyncio.sleep(answer_at - time.monotonic())
    return MailRequestResult(
        "If an account with this address exists, a mail with a link to reset its password is on its way."
    )


async def reset_password(
    info: Info,
    token: Annotated[str, argument(description="Token from the mail; valid once.")],
    new_password: Annotated[
        str, argument(description="Password of 8 to 256 characters; common passwords are refused.")
    ],
) -> SignOutResult:
    context, digest = info.context, refresh_digest(token)
    await context.backend.attempts.count(Action.RESET, context.origin.ip_address)
    person = await context.backend.database.read_one(
        verifications.user_by_reset_token, SYSTEM, digest=digest, moment=now()
    )
    if person is None:
        raise BadUserInput.of("token", verifications.REFUSAL_MESSAGE)
    hashed = await context.backend.passwords.hash(_new_password(new_password, person))
    await context.backend.database.write(verifications.reset_password, SYSTEM, digest, hashed)
    return SignOutResult()


async def request_email_verification(info: Info) -> MailRequestResult:
    context = info.context
    person = await _viewer(context)
    await context.backend.attempts.count(Action.RESET, context.origin.ip_address, person.email)
    await context.backend.database.write(verifications.request_verification, SYSTEM, person.id, *new_refresh())
    return MailRequestResult(f"A mail is on its way to {person.email}.")


async def verify_email(
    info: Info, token: Annotated[str, argument(description="Token from the mail; valid once.")]
) -> SignOutResult:
    context = info.context
    await context.backend.attempts.count(Action.RESET, context.origin.ip_address)
    await context.backend.database.write(verifications.verify_email, SYSTEM, refresh_digest(token))
    return SignOutResult()


async def change_email(
    info: Info,
    new_email: Annotated[str, argument(description="New e-mail address; it must not be that of another account.")],
    password: Annotated[str, argument(description="Your password.")],
) -> MailRequestResult:
    context = info.context
    person = await _viewer(context)
    await context.backend.attempts.count(Action.LOG_IN, context.origin.ip_address, person.email)
    verified = await context.backend.passwords.verify(password, person.password_hash)
    with Mistakes() as check:
        if not verified.ok:
            check.add("password", "Wrong password. Enter your current password.")
        email = check(checked_email, new_email, "newEmail")
        if email == person.email:
            check.add("newEmail", "This is your address already. Enter another one.")
    await context.backend.attempts.count(Action.RESET, context.origin.ip_address, person.email)
    answer_at = time.monotonic() + RESET_SECONDS  # the same for an address that has an account
    await context.backend.database.write(verifications.request_email_change, SYSTEM, person.id, email, *new_refresh())
    await asyncio.sleep(answer_at - time.monotonic())
    return MailRequestResult(f"If {email} has no account, a mail with a token for confirmEmailChange is on its way.")


async def confirm_email_change(
    info: Info, token: Annotated[str, argument(description="Token from the mail to the new address; valid once.")]
) -> SignOutResult:
    context = info.context
    await context.backend.attempts.count(Action.RESET, context.origin.ip_address)
    await context.backend.database.write(verifications.confirm_email_change, SYSTEM, refresh_digest(token))
    return SignOutResult()


async def update_profile(
    info: Info,
    first_name: Annotated[
        str | None, argument(description="Given name: at most 100 characters; null keeps the current one.")
    ] = None,
    last_name: Annotated[
        str | None, argument(description="Family name: at most 100 characters; null keeps the current one.")
    ] = None,
) -> UserResult:
    with Mistakes() as check:
        first = None if first_name is None else check(checked_name, "firstName", first_name)
        last = None if last_name is None else check(checked_name, "lastName", last_name)
    return UserResult(await info.context.write(users.update_profile, first, last))


async def update_user(
    info: Info,
    id: Annotated[strawberry.ID, argument(description="Id of the user.")],
    is_active: Annotated[
        bool | None, argument(description="Allow the user to sign in; null keeps the current value.")
    ] = None,
    is_superuser: Annotated[
        bool | None, argument(description="Allow the user to see and change everything; null keeps the current value.")
    ] = None,
) -> UserResult:
    return UserResult(await info.context.write(accounts.update, decode_id(id, User), is_active, is_superuser))


async def _viewer(context: Context) -> User:
    """Return the user who is signed in. Raises Unauthenticated for a user who was deleted meanwhile."""
    user = await context.by_id(User, context.viewer.user_id)
    if user is None:
        raise Unauthenticated
    return user


def _new_password(password: str, person: User) -> str:
    """Return the normalized password. Raises BadUserInput for the field `newPassword`."""
    try:
        return check_rules(password, email=person.email)
    except BadUserInput as error:
        raise BadUserInput.of("newPassword", error.message) from None


async def sign_up(
    info: Info,
    email: Annotated[str, argument(description="E-mail address, which is also used to log in.")],
    password: Annotated[str, argument(description="Password of 8 to 256 characters; common passwords are refused.")],
    first_name: Annotated[str, argument(description="Given name: at most 100 characters.")] = "",
    last_name: Annotated[str, argument(description="Family name: at most 100 characters.")] = "",
    idempotency_key: IdempotencyKey = None,
) -> SignInResult:
    backend = info.context.backend
    with Mistakes() as check:
        address = check(checked_email, email, "email")
        password = check(check_rules, password, email=normalized_email(email))
        names = check(checked_name, "firstName", first_name), check(checked_name, "lastName", last_name)
    email = address
    await backend.attempts.count(Action.SIGN_UP, info.context.origin.ip_address, email)
    hashed = await backend.passwords.hash(password)
    try:
        user = await backend.database.write(
            verifications.sign_up, Viewer.system(), email, hashed, *names, idempotency_key, *new_refresh()
        )
    except Conflict:
        # The address is taken, perhaps by a first attempt at this request whose answer was lost.
        existing = await _existing_account(backend, email, password, idempotency_key)
        if existing is None:
            raise
        user = existing
    return SignInResult(user, await create_session(info.context, user), f"Welcome, {user.name}: you are signed in.")


async def _existing_account(backend: Backend, email: str, password: str, key: str | None) -> User | None:
    """Return the account of an earlier request with the same key, address and password."""
    if key is None:
        return None
    system = Viewer.system()
    user = await backend.database.read_one(users.by_email_and_key, system, email=email, key=key)
    verified = await backend.passwords.verify(password, user.password_hash if user else None)
    return user if verified.ok else None
