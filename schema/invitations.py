"""The mutations that invite users to an organization."""

from datetime import datetime

import strawberry

from resolvers.organizations import invitations
from resolvers.organizations.memberships import MembershipResult
from schema.base import Shows, field, output_type
from schema.memberships import Membership
from schema.operations import mutation


@output_type
class InviteMemberPayload(Shows[invitations.InviteMemberResult]):
    """Result of `inviteMember`."""

    email: str = field("E-mail address to which the invitation is sent.")
    expires_at: datetime = field("Time at which the invitation expires.")
    membership: Membership | None = field(
        "Membership that waits for the acceptance. Its `user` is null until then, whether or not the address has an "
        "account."
    )


@output_type
class WithdrawInvitationPayload(Shows[invitations.WithdrawInvitationResult]):
    """Result of `withdrawInvitation`."""

    ok: bool = field("Always true; failures are errors.")


@output_type
class AcceptInvitationPayload(Shows[MembershipResult]):
    """Result of `acceptInvitation`."""

    membership: Membership = field("Your membership in the organization.")


@strawberry.type
class Mutation:
    invite_member = mutation(
        InviteMemberPayload,
        invitations.invite_member,
        "Invite a person by e-mail. An earlier invitation to the same address becomes invalid. The answer is the same "
        "for any address that is not a member's.",
    )
    withdraw_invitation = mutation(
        WithdrawInvitationPayload,
        invitations.withdraw_invitation,
        "Withdraw an invitation that has not been accepted, even if the address has no account yet.",
    )
    accept_invitation = mutation(
        AcceptInvitationPayload,
        invitations.accept_invitation,
        "Become a member of an organization with the token from an invitation mail.",
    )
