"""Accounts: signing up and single sign-on, passwords, verification, profile, administration and deletion."""

import strawberry

from db import models
from resolvers.accounts import accounts, single_sign_on
from resolvers.accounts.sessions import SignInResult, SignOutResult
from schema.base import Shows, TypeOf, field, list_of, output_type
from schema.operations import mutation
from schema.sessions import LogInPayload, SessionTokens


@output_type
class SignUpPayload(Shows[SignInResult]):
    """Result of `signUp`."""

    user: TypeOf[models.users.User] = field("The new user.")
    session: SessionTokens = field("Tokens of the user's first session.")
    message: str = field("Text to display to the user.")


@output_type
class ChangePasswordPayload(Shows[accounts.UserResult]):
    """Result of `changePassword`."""

    user: TypeOf[models.users.User] = field("The signed-in user.")


@output_type
class RequestPasswordResetPayload(Shows[accounts.MailRequestResult]):
    """Result of `requestPasswordReset`, the same for every address."""

    message: str = field("Text to display to the user.")


@output_type
class ResetPasswordPayload(Shows[SignOutResult]):
    """Result of `resetPassword`."""

    ok: bool = field("Always true; sign in with the new password.")


@output_type
class RequestEmailVerificationPayload(Shows[accounts.MailRequestResult]):
    """Result of `requestEmailVerification`."""

    message: str = field("Text to display to the user.")


@output_type
class VerifyEmailPayload(Shows[SignOutResult]):
    """Result of `verifyEmail`."""

    ok: bool = field("Always true; failures are errors.")


@output_type
class ChangeEmailPayload(Shows[accounts.MailRequestResult]):
    """Result of `changeEmail`, the same for every address."""

    message: str = field("Text to display to the user.")


@output_type
class ConfirmEmailChangePayload(Shows[SignOutResult]):
    """Result of `confirmEmailChange`."""

    ok: bool = field("Always true; failures are errors.")


@output_type
class UpdateProfilePayload(Shows[accounts.UserResult]):
    """Result of `updateProfile`."""

    user: TypeOf[models.users.User] = field("The signed-in user with the new names.")


@output_type
class UpdateUserPayload(Shows[accounts.UserResult]):
    """Result of `updateUser`."""

    user: TypeOf[models.users.User] = field("The changed user.")


@output_type
class DeleteAccountPayload(Shows[SignOutResult]):
    """Result of `deleteAccount`."""

    ok: bool = field("Always true; failures are errors.")


@output_type
class SignInProvider(Shows[single_sign_on.SignInProvider]):
    """An OpenID Connect provider with which people sign in to this server."""

    key: str = field("Short name of the provider, for example `google`.")
    name: str = field("Name to display, for example `Google`.")
    url: str = field(
        "Address to open in the browser: it leads to the provider and comes back to the page with `#signInCode=…`, for "
        "`exchangeSignInCode`. Append `?challenge=…`, the SHA-256 of a random text in base64url, and send that text as "
        "`verifier`: nobody else can then make your page exchange a code of theirs."
    )


@strawberry.type
class Query:
    sign_in_providers = list_of(
        SignInProvider,
        single_sign_on.list_sign_in_providers,
        "Providers with which people sign in, in the order of `OIDC_PROVIDERS`. No authentication needed.",
        public=True,
    )


@strawberry.type
class Mutation:
    sign_up = mutation(
        SignUpPayload, accounts.sign_up, "Create an account with a personal organization, and sign in.", public=True
    )
    exchange_sign_in_code = mutation(
        LogInPayload,
        single_sign_on.exchange_sign_in_code,
        "Sign in with the one-time code that a browser brings back from one of the `signInProviders`.",
        public=True,
    )
    change_password = mutation(
        ChangePasswordPayload, accounts.change_password, "Change your password and end your other sessions."
    )
    request_password_reset = mutation(
        RequestPasswordResetPayload,
        accounts.request_password_reset,
        "Request a mail with a token for `resetPassword`. Answer and response time are the same for every address.",
        public=True,
    )
    reset_password = mutation(
        ResetPasswordPayload,
        accounts.reset_password,
        "Set a new password with a token from a mail, and end all your sessions.",
        public=True,
    )
    request_email_verification = mutation(
        RequestEmailVerificationPayload,
        accounts.request_email_verification,
        "Request another mail with a token for `verifyEmail`. Earlier tokens become invalid.",
    )
    verify_email = mutation(
        VerifyEmailPayload,
        accounts.verify_email,
        "Confirm your e-mail address with a token from a mail.",
        public=True,
    )
    change_email = mutation(
        ChangeEmailPayload,
        accounts.change_email,
        "Request another e-mail address. It changes when `confirmEmailChange` gets the token that is mailed to the new "
        "address, within one hour; the present address is told. Changing the password ends the request.",
    )
    confirm_email_change = mutation(
        ConfirmEmailChangePayload,
        accounts.confirm_email_change,
        "Change the e-mail address of an account with a token from a mail to the new one; the old one is told.",
        public=True,
    )
    update_profile = mutation(UpdateProfilePayload, accounts.update_profile, "Change your first and last name.")
    update_user = mutation(
        UpdateUserPayload,
        accounts.update_user,
        "Deactivate or reactivate an account, or grant or revoke superuser rights. Superusers only. A user who loses "
        "access or rights is signed out.",
    )
    delete_account = mutation(
        DeleteAccountPayload,
        accounts.delete_account,
        "Delete your account immediately. Your private data is erased; data that you shared stays without your name.",
    )
