"""The mutations on accounts: passwords, addresses, names, sign-ins elsewhere, and what superusers may do."""

import strawberry

from resolvers.accounts import accounts
from resolvers.accounts.sessions import log_out_everywhere, revoke_session
from schema.base import field, mutation, output_type
from schema.users import User


@output_type
class LogOutEverywherePayload:
    """All your sessions are over."""

    ok: bool = field("Always true; what goes wrong is an error.")


@output_type
class RevokeSessionPayload:
    """The session is over."""

    ok: bool = field("Always true; what goes wrong is an error.")


@output_type
class ChangePasswordPayload:
    """A new password; your other sessions are over."""

    user: User = field("You.")


@output_type
class RequestPasswordResetPayload:
    """The same answer for every address."""

    message: str = field("A sentence to show.")


@output_type
class ResetPasswordPayload:
    """A new password; all your sessions are over."""

    ok: bool = field("Always true; log in with the new password.")


@output_type
class RequestEmailVerificationPayload:
    """A mail is on its way."""

    message: str = field("A sentence to show.")


@output_type
class VerifyEmailPayload:
    """The address is shown to be yours."""

    ok: bool = field("Always true; what goes wrong is an error.")


@output_type
class UpdateProfilePayload:
    """Your new names."""

    user: User = field("You.")


@output_type
class UpdateUserPayload:
    """The changed account."""

    user: User = field("Whose it is.")


@output_type
class DeleteAccountPayload:
    """Your account is gone."""

    ok: bool = field("Always true; what goes wrong is an error.")


@strawberry.type
class Mutation:
    log_out_everywhere = mutation(
        LogOutEverywherePayload,
        log_out_everywhere,
        "End all your sessions at once, this one too; what is open on them closes within a second.",
    )
    revoke_session = mutation(
        RevokeSessionPayload, revoke_session, "End one of your sessions at once, as of a device that is lost."
    )
    change_password = mutation(
        ChangePasswordPayload, accounts.change_password, "Choose another password, and end your other sessions."
    )
    request_password_reset = mutation(
        RequestPasswordResetPayload,
        accounts.request_password_reset,
        "Ask for a mail with a token for resetPassword; one answer, and one time, for any address.",
    )
    reset_password = mutation(
        ResetPasswordPayload,
        accounts.reset_password,
        "Choose a new password with a token that was mailed, and end all your sessions.",
    )
    request_email_verification = mutation(
        RequestEmailVerificationPayload,
        accounts.request_email_verification,
        "Ask for another mail with a token for verifyEmail; the one before is good no more.",
    )
    verify_email = mutation(
        VerifyEmailPayload, accounts.verify_email, "Show with a token that was mailed that the address is yours."
    )
    update_profile = mutation(UpdateProfilePayload, accounts.update_profile, "Change your names.")
    update_user = mutation(
        UpdateUserPayload,
        accounts.update_user,
        "Superusers: close or open an account, give or take a superuser's rights; who loses something is signed out.",
    )
    delete_account = mutation(
        DeleteAccountPayload,
        accounts.delete_account,
        "Delete your account at once; what is yours alone is erased, and what you shared stays without your name.",
    )
