"""Invitations to an organization: invite, withdraw and accept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from strawberry import argument

from auth.limits import Action
from auth.tokens import new_refresh, refresh_digest
from auth.viewer import Role, Viewer
from db.accounts import users
from db.core.validation import checked_email
from db.models.memberships import Membership
from db.models.organizations import Organization
from db.models.users import User
from db.organizations import invitations
from db.organizations.invitations import InvitationToken, Invitee
from errors import Forbidden, NotFound
from resolvers.core.context import Context, IdempotencyKey, Info
from resolvers.core.ids import decode_id
from resolvers.organizations.memberships import MembershipResult
from resolvers.organizations.organizations import OrganizationId


@dataclass(frozen=True)
class InviteMemberResult:
    email: str
    expires_at: datetime
    membership: Membership


@dataclass(frozen=True)
class WithdrawInvitationResult:
    ok: bool = True


async def invite_member(
    info: Info,
    organization_id: OrganizationId,
    email: Annotated[str, argument(description="E-mail address to invite.")],
    role: Annotated[Role, argument(description="Role of the new member; MEMBER by default.")] = Role.MEMBER,
    idempotency_key: IdempotencyKey = None,
) -> InviteMemberResult:
    id_, address = decode_id(organization_id, Organization), checked_email(email, "email")
    if await info.context.by_id(Organization, id_) is None:
        raise NotFound("There is no such organization, or you may not see it.")
    await _check_inviter(info.context, address)
    # Read as the system, for the notification only: the answer is the same for an address without an account.
    user = await info.context.backend.database.read_one(users.by_email, Viewer.system(), email=address)
    invitee = Invitee(address, role, user.id if user else None)
    result = await info.context.write(
        invitations.invite, id_, invitee, InvitationToken(*new_refresh()), idempotency_key
    )
    return InviteMemberResult(result.invitation.email, result.invitation.expires_at, result.membership)


async def _check_inviter(context: Context, address: str) -> None:
    """Raise Forbidden or RateLimited for a person who may send no mail to an address now."""
    person = await context.by_id(User, context.viewer_id)
    if context.backend.settings.smtp_url is not None and (person is None or not person.is_email_verified):
        raise Forbidden("Verify your own e-mail address first: call requestEmailVerification, and open the mail.")
    await context.backend.attempts.count(Action.INVITE, address, str(context.viewer_id))


async def withdraw_invitation(
    info: Info,
    organization_id: OrganizationId,
    email: Annotated[str, argument(description="E-mail address that was invited.")],
) -> WithdrawInvitationResult:
    address = checked_email(email, "email")
    await info.context.write(invitations.cancel, decode_id(organization_id, Organization), address)
    return WithdrawInvitationResult()


async def accept_invitation(
    info: Info,
    token: Annotated[str, argument(description="Token from the invitation mail; valid once, for seven days.")],
) -> MembershipResult:
    return MembershipResult(await info.context.write(invitations.accept, refresh_digest(token)))
