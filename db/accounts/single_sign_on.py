"""Sign-ins with identities of other providers: the account behind an identity, and one-time codes for its session.

The units run as the system: a browser comes back from a provider without a token of the user.
"""

import hmac
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select

from auth.viewer import Role
from db.accounts import api_keys, users, verifications
from db.accounts.sessions import end_sessions
from db.core.base import now
from db.core.bulk import set_once
from db.core.policy import Deleted
from db.core.session import INSIDE, Session
from db.google import revocations
from db.models.google import GoogleAccount
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization
from db.models.sessions import SessionEnd
from db.models.single_sign_on import LIFETIME, Identity, SignInCode
from db.models.users import User
from db.models.webhooks import Webhook

CODE_LIFETIME = timedelta(minutes=2)
NO_PASSWORD = ""

log = logging.getLogger("sheetgpt.access")


class Outcome(StrEnum):
    """Outcome of a sign-in; all but the first deny it, and change nothing."""

    SIGNED_IN = "signed_in"
    UNVERIFIED = "unverified"
    OTHER_DOMAIN = "other_domain"
    NO_ACCOUNT = "no_account"
    OTHER_IDENTITY = "other_identity"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True)
class Person:
    """Person that a provider vouches for; `email` is None unless the provider has verified it."""

    issuer: str
    subject: str
    email: str | None
    first_name: str
    last_name: str


@dataclass(frozen=True)
class Admission:
    """Rules of a provider: the domains it is for (all when empty), and the organization its people become members of.

    Without `creates_accounts`, only people who have an account sign in.
    """

    domains: Collection[str] = ()
    organization_id: UUID | None = None
    creates_accounts: bool = True


def use_state(session: Session, state_digest: bytes) -> bool:
    """Record that a state came back; return False if it did before."""
    query = select(SignInCode.id).where(SignInCode.state_digest == state_digest)
    if session.scalars(query).one_or_none() is not None:
        return False
    session.add(SignInCode(state_digest=state_digest, expires_at=now() + LIFETIME))
    return True


def admit(
    session: Session,
    state_digest: bytes,
    person: Person,
    admission: Admission,
    code_digest: bytes,
    challenge: bytes | None,
) -> Outcome:
    """Find, link or create the account of a person and store the digest of a code for its session.

    An account is found by issuer and subject, and linked by a verified address alone.
    """
    if admission.domains and person.email is None:
        return Outcome.UNVERIFIED
    if admission.domains and (person.email or "").rpartition("@")[2] not in admission.domains:
        return Outcome.OTHER_DOMAIN
    user = _known(session, person) or _linked(session, person, admission)
    if isinstance(user, Outcome):
        return user
    if not user.is_active:
        return Outcome.DEACTIVATED
    if admission.organization_id is not None:
        _join(session, user.id, admission.organization_id)
    query = select(SignInCode).where(SignInCode.state_digest == state_digest).with_for_update()
    pending = session.scalars(query).one()
    pending.digest, pending.challenge, pending.user_id = code_digest, challenge, user.id
    pending.expires_at = now() + CODE_LIFETIME
    return Outcome.SIGNED_IN


def redeem(session: Session, code_digest: bytes, challenge: bytes | None) -> User | None:
    """Return the user of a code, which is then used; None for a code that is wrong, used, expired or of another page.

    A verifier is needed exactly if the sign-in began with its challenge: otherwise somebody could begin without one,
    and have another person's page exchange the code of their own account.
    """
    is_first = set_once(session, SignInCode.used_at, SignInCode.digest == code_digest)
    pending = session.scalars(select(SignInCode).where(SignInCode.digest == code_digest)).one_or_none()
    if pending is None or pending.user_id is None or not is_first or pending.expires_at <= now():
        return None
    if not hmac.compare_digest(pending.challenge or b"", challenge or b""):
        return None
    user: User | None = session.scalars(select(User).where(User.id == pending.user_id)).one_or_none()
    return user if user is not None and user.is_active else None


def forget(session: Session, user_id: UUID) -> None:
    """Forget the identities of an account that ends, so that its owner can begin a new one with them."""
    query = select(Identity).where(Identity.user_id == user_id, Identity.deleted_at.is_(None))
    # Identities are the system's rows, but their owner deletes the account.
    for identity in session.scalars(query, execution_options=INSIDE):
        session.bypass_rule_for(identity)
        identity.deleted_at = now()


def _known(session: Session, person: Person) -> User | None:
    """Return the user who has signed in with this identity before."""
    query = (
        select(User)
        .join(Identity, Identity.user_id == User.id)
        .where(Identity.issuer == person.issuer, Identity.subject == person.subject)
    )
    user: User | None = session.scalars(query).one_or_none()
    return user


def _linked(session: Session, person: Person, admission: Admission) -> User | Outcome:
    """Return the account of a verified address, or a new one, linked to the identity."""
    if person.email is None:
        return Outcome.UNVERIFIED
    user = session.scalars(select(User).where(User.email == person.email).with_for_update()).one_or_none()
    if user is None and not admission.creates_accounts:
        return Outcome.NO_ACCOUNT
    if user is None:
        user = users.sign_up(session, person.email, NO_PASSWORD, person.first_name, person.last_name)
        user.is_email_verified = True
    elif not user.is_active:
        return Outcome.DEACTIVATED
    elif _has_identity(session, user.id, person.issuer):
        # A provider may give the address of a former person to a new one, who must not get the account.
        return Outcome.OTHER_IDENTITY
    elif not user.is_email_verified:
        _reclaim(session, user)
    session.add(Identity(user_id=user.id, issuer=person.issuer, subject=person.subject))
    return user


def _has_identity(session: Session, user_id: UUID, issuer: str) -> bool:
    query = select(Identity.id).where(Identity.user_id == user_id, Identity.issuer == issuer)
    return session.scalars(query).first() is not None


def _reclaim(session: Session, user: User) -> None:
    """Give an account to the person who has its address: anybody may have signed up with it, and waits for its data."""
    user.password_hash, user.is_email_verified = NO_PASSWORD, True
    end_sessions(session, user.id, SessionEnd.PASSWORD_CHANGED)
    api_keys.end_all(session, user.id)
    verifications.cancel_email_change(session, user.id)
    for webhook in session.scalars(select(Webhook).where(Webhook.owner_id == user.id)):
        webhook.deleted_at = now()
    for account in session.scalars(select(GoogleAccount).where(GoogleAccount.user_id == user.id)):
        if account.refresh_token is not None:
            revocations.add(session, user.id, account.email, account.refresh_token)
        account.refresh_token, account.deleted_at = None, now()


def _join(session: Session, user_id: UUID, organization_id: UUID) -> None:
    """Make a user a member of an organization, unless they have been one: an admin may have removed them."""
    query = select(Membership.id).where(Membership.organization_id == organization_id, Membership.user_id == user_id)
    if session.scalars(query, execution_options={"deleted": (Membership, Deleted.INCLUDED)}).first() is not None:
        return
    if session.scalars(select(Organization.id).where(Organization.id == organization_id)).one_or_none() is None:
        log.warning("the organization in OIDC_PROVIDERS does not exist, so nobody becomes its member")
        return
    membership = Membership(user_id=user_id, organization_id=organization_id)
    membership.role, membership.status = Role.MEMBER, MembershipStatus.ACTIVE
    session.add(membership)
