"""Templates of mails: a subject and a plain text each."""

from collections.abc import Mapping
from string import Template

TEXTS: Mapping[str, tuple[str, str]] = {
    "verify_email": (
        "Verify your address",
        """\
Hello $name,

a SheetGPT account was created with this address. If it was you, verify the
address with this token, which is valid for three days:

    $token

Enter it in the application that you use, or pass it to verifyEmail of the API.
If it was not you, you need not do anything.
""",
    ),
    "reset_password": (
        "Choose a new password",
        """\
Hello $name,

a new password was requested for your SheetGPT account. If it was you, choose
one with this token, which works once and is valid for one hour:

    $token

Enter it in the application that you use, or pass it to resetPassword of the
API. If it was not you, you need not do anything: your password is unchanged.
""",
    ),
    "change_email": (
        "Confirm your new address",
        """\
Hello $name,

your SheetGPT account is to have this address. Confirm it with this token, which
works once and is valid for one hour:

    $token

Enter it in the application that you use, or pass it to confirmEmailChange of
the API. If it was not you, you need not do anything: no account has this
address.
""",
    ),
    "email_change_requested": (
        "Your address is to be changed",
        """\
Hello $name,

somebody with your password asked to change the address of your SheetGPT account
to $email. It changes when a mail to that address is confirmed, within one hour.

If it was not you, change your password now: this also ends the change.
""",
    ),
    "email_changed": (
        "Your address was changed",
        """\
Hello $name,

the address of your SheetGPT account is now $email. This address no longer logs
you in, and gets no more mail.

If it was not you, contact the operator of this server.
""",
    ),
    "invitation": (
        "$inviter invites you to $organization",
        """\
Hello,

$inviter invites you to the organization $organization on SheetGPT. To become a
member, sign up or log in with this address and accept with this token, which
is valid for seven days:

    $token

Enter it in the application that you use, or pass it to acceptInvitation of the
API. If you do not know the sender, you need not do anything.
""",
    ),
}


def write(template: str, arguments: Mapping[str, str], server: str | None) -> tuple[str, str]:
    """Return subject and text; `server` is the public URL of this server, if known."""
    subject, text = TEXTS[template]
    # Users choose these values. On one line, none of them can imitate a paragraph of the mail.
    values = {name: " ".join(value.split()) for name, value in arguments.items()}
    signature = f"\n-- \nSheetGPT{f', {server}' if server else ''}\n"
    return Template(subject).substitute(values), Template(text).substitute(values) + signature
