"""Google accounts of users, and the mutations that connect and disconnect them."""

from datetime import datetime

import strawberry

from db import models
from resolvers.google import accounts
from schema.base import Shows, TypeOf, field, list_of, output_type, required
from schema.operations import mutation


@output_type
class GoogleAccount(Shows[models.google.GoogleAccount]):
    """A Google account that you have connected; exports to Google Sheets then go to its Drive."""

    email: str = field("E-mail address of the Google account.")
    scopes = list_of(
        str, accounts.scopes_of_account, "Access that was allowed, such as https://www.googleapis.com/auth/drive.file."
    )
    connected_at: datetime = field("Time of the latest connection.")
    needs_reconnect = required(
        bool,
        accounts.needs_reconnect,
        "True when Google no longer accepts the connection: it expired or was removed. Call `connectGoogle` again.",
    )


@output_type
class ConnectGooglePayload(Shows[accounts.ConnectGoogleResult]):
    """Result of `connectGoogle`."""

    authorization_url: str = field(
        "Page of Google to open in the same browser within ten minutes. Another browser is shown a code for "
        "`confirmGoogle` in the end."
    )


@output_type
class ConfirmGooglePayload(Shows[accounts.ConfirmGoogleResult]):
    """Result of `confirmGoogle`."""

    user: TypeOf[models.users.User] = field("You, with the connected account in `googleAccount`.")


@output_type
class DisconnectGooglePayload(Shows[accounts.DisconnectGoogleResult]):
    """Result of `disconnectGoogle`."""

    user: TypeOf[models.users.User] = field("You, without a Google account.")
    is_revoked: bool = field(
        "True unless Google could not be reached: then remove the access at https://myaccount.google.com/connections. "
        "The tokens are forgotten here in any case."
    )


@strawberry.type
class Mutation:
    connect_google = mutation(
        ConnectGooglePayload,
        accounts.connect_google,
        "Begin to connect your Google account, for exports and imports as yourself.",
    )
    confirm_google = mutation(
        ConfirmGooglePayload,
        accounts.confirm_google,
        "Connect a Google account whose consent was given in another browser than the one that called connectGoogle.",
    )
    disconnect_google = mutation(
        DisconnectGooglePayload,
        accounts.disconnect_google,
        "Forget your Google account and revoke the access at Google. Spreadsheets stay as they are.",
    )
