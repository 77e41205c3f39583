"""The mutations on accounts: passwords, addresses, names, sign-ins elsewhere, and what superusers may do."""

import strawberry

from resolvers.accounts import accounts
from schema.base import change, says, shows
from schema.users import User


@shows
class LogOutEverywherePayload:
    """All your sessions are over."""

    ok: bool = says("Always true; what goes wrong is an error.")


@shows
class RevokeSessionPayload:
    """The session is over."""

    ok: bool = says("Always true; what goes wrong is an error.")


@shows
class ChangePasswordPayload:
    """A new password; your other sessions are over."""

    user: User = says("You.")


@shows
class RequestPasswordResetPayload:
    """The same answer for every address."""

    message: str = says("A sentence to show.")


@shows
class ResetPasswordPayload:
    """A new password; all your sessions are over."""

    ok: bool = says("Always true; log in with the new password.")


@shows
class RequestEmailVerificationPayload:
    """A mail is on its way."""

    message: str = says("A sentence to show.")


@shows
class VerifyEmailPayload:
    """The address is shown to be yours."""

    ok: bool = says("Always true; what goes wrong is an error.")


@shows
class UpdateProfilePayload:
    """Your new names."""

    user: User = says("You.")


@shows
class UpdateUserPayload:
    """The changed account."""

    user: User = says("Whose it is.")


@shows
class DeleteAccountPayload:
    """Your account is gone."""

    ok: bool = says("Always true; what goes wrong is an error.")


@strawberry.type
class Mutation:
    log_out_everywhere = change(
        LogOutEverywherePayload,
        accounts.log_out_everywhere,
        "End all your sessions at once, this one too; what is open on them closes within a second.",
    )
    revoke_session = change(
        RevokeSessionPayload, accounts.revoke_session, "End one of your sessions at once, as of a device that is lost."
    )
    change_password = change(
        ChangePasswordPayload, accounts.change_password, "Choose another password, and end your other sessions."
    )
    request_password_reset = change(
        RequestPasswordResetPayload,
        accounts.request_password_reset,
        "Ask for a mail with a token for resetPassword; one answer, and one time, for any address.",
    )
    reset_password = change(
        ResetPasswordPayload,
        accounts.reset_password,
        "Choose a new password with a token that was mailed, and end all your sessions.",
    )
    request_email_verification = change(
        RequestEmailVerificationPayload,
        accounts.request_email_verification,
        "Ask for another mail with a token for verifyEmail; the one before is good no more.",
    )
    verify_email = change(
        VerifyEmailPayload, accounts.verify_email, "Show with a token that was mailed that the address is yours."
    )
    update_profile = change(UpdateProfilePayload, accounts.update_profile, "Change your names.")
    update_user = change(
        UpdateUserPayload,
        accounts.update_user,
        "Superusers: close or open an account, give or take a superuser's rights; who loses something is signed out.",
    )
    delete_account = change(
        DeleteAccountPayload,
        accounts.delete_account,
        "Delete your account at once; what is yours alone is erased, and what you shared stays without your name.",
    )
