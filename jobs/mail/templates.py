"""Templates of mails: a subject and a plain text each."""

from collections.abc import Mapping
from string import Template

TEXTS: Mapping[str, tuple[str, str]] = {
    "verify_email": (
        "Verify your address",
        """\
Hello $name,

somebody made a SheetGPT account with this address. If it was you, verify the
address with this token, which is good for three days:

    $token

An application asks you for it; over the API it is verifyEmail that takes it.
If it was not you, there is nothing to do.
""",
    ),
    "reset_password": (
        "Choose a new password",
        """\
Hello $name,

somebody asked for a new password for your SheetGPT account. If it was you,
choose one with this token, which is good once and for one hour:

    $token

An application asks you for it; over the API it is resetPassword that takes it.
If it was not you, there is nothing to do: your password is as it was.
""",
    ),
    "invitation": (
        "$inviter invites you to $organization",
        """\
Hello,

$inviter invites you to the organization $organization on SheetGPT. To become a
member, sign up or log in with this address and accept with this token, which
is good for seven days:

    $token

An application asks you for it; over the API it is acceptInvitation that takes
it. If you do not know them, there is nothing to do.
""",
    ),
}


def write(template: str, arguments: Mapping[str, str], server: str | None) -> tuple[str, str]:
    """Return subject and text; `server` is the public URL of this server, if known."""
    subject, text = TEXTS[template]
    # Names are what people chose: on one line they cannot pass for a paragraph of ours.
    values = {name: " ".join(value.split()) for name, value in arguments.items()}
    signature = f"\n-- \nSheetGPT{f', {server}' if server else ''}\n"
    return Template(subject).substitute(values), Template(text).substitute(values) + signature
