"""Sessions, and the mutations that sign in and out."""

from datetime import datetime

import strawberry

from db import models
from resolvers.accounts import sessions
from resolvers.core.ids import register_type
from schema.base import Shows, TypeOf, field, node_id, output_type, required
from schema.operations import mutation

register_type(models.sessions.SignIn, "Session")


@output_type
class Session(Shows[models.sessions.SignIn]):
    """A device on which a user is signed in."""

    id: strawberry.ID = strawberry.field(resolver=node_id, description="Id of the session, for `revokeSession`.")
    created_at: datetime = field("Time of signing in.")
    last_used_at: datetime = field("Time of signing in or of the last token refresh.")
    user_agent: str | None = field("User-Agent header sent when signing in.")
    ip_address: str | None = field("IP address used when signing in.")
    is_current = required(bool, sessions.is_current_session, "True for the session that sent this request.")


@output_type
class SessionTokens(Shows[sessions.Tokens]):
    """Tokens with which a client stays signed in."""

    access_token: str = field("Send it as `Authorization: Bearer …`, and as `Authorization` in connection_init.")
    refresh_token: str = field("Exchange it once, with `refreshSession`, for the next pair of tokens.")
    token_type: str = field("Always `Bearer`.")
    expires_in: int = field("Lifetime of the access token, in seconds.")


@output_type
class LogInPayload(Shows[sessions.SignInResult]):
    """Result of `logIn`."""

    user: TypeOf[models.users.User] = field("User who signed in.")
    session: SessionTokens = field("Tokens of the new session.")


@output_type
class RefreshSessionPayload(Shows[sessions.SignInResult]):
    """Result of `refreshSession`."""

    session: SessionTokens = field("New tokens; the refresh token that was sent is used up.")


@output_type
class LogOutPayload(Shows[sessions.SignOutResult]):
    """Result of `logOut`."""

    ok: bool = field("Always true; failures are errors.")


@output_type
class LogOutEverywherePayload(Shows[sessions.SignOutResult]):
    """Result of `logOutEverywhere`."""

    ok: bool = field("Always true; failures are errors.")


@output_type
class RevokeSessionPayload(Shows[sessions.SignOutResult]):
    """Result of `revokeSession`."""

    ok: bool = field("Always true; failures are errors.")


@strawberry.type
class Mutation:
    log_in = mutation(
        LogInPayload,
        sessions.log_in,
        "Sign in. An unknown address and a wrong password give the same error.",
        public=True,
    )
    refresh_session = mutation(
        RefreshSessionPayload,
        sessions.refresh_session,
        "Renew the tokens of a session; works with an expired access token in the header. Sending a refresh token a "
        "second time ends its session, unless the same client does it within 10 seconds: it then gets the same "
        "successor, as after a lost answer or from a second tab.",
        ignores_credentials=True,
    )
    # Public, because a refresh token ends its session after the access token has expired.
    log_out = mutation(LogOutPayload, sessions.log_out, "End the current session immediately.", public=True)
    log_out_everywhere = mutation(
        LogOutEverywherePayload,
        sessions.log_out_everywhere,
        "End all your sessions, including the current one. Their open streams close within a second.",
    )
    revoke_session = mutation(
        RevokeSessionPayload, sessions.revoke_session, "End one of your sessions, for example on a lost device."
    )
