"""Templates of mails: a subject, and paragraphs from which the plain text and the HTML part are made."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from textwrap import fill
from typing import TYPE_CHECKING

from tables.reports.look import ACCENT, FONT, INK, LINE, MUTED, PAPER

if TYPE_CHECKING:
    from jinja2 import Template

WIDTH = 76  # characters of a line of plain text


@dataclass(frozen=True)
class MailTemplate:
    """Mail with paragraphs before and after its token or link; all texts are Jinja2 templates of its arguments.

    `button` is the text of the link. A notice tells about work that the user started, and is not asked for by itself.
    """

    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    button: str = ""
    is_notice: bool = False


@dataclass(frozen=True)
class Letter:
    """Mail as it is sent, with the same content as plain text and as HTML."""

    subject: str
    text: str
    html: str


DEFAULT_NAME = "SheetGPT"
NOTHING_TO_DO = "If it was not you, you need not do anything"
LINK = "The link works for seven days, for you and everybody you give it to, while you may see what it shows."
NO_LINK = "Open it in the application that you use."
TEMPLATES: Mapping[str, MailTemplate] = {
    "verify_email": MailTemplate(
        "Verify your address",
        (
            "Hello {{ name }},",
            (
                "an account at {{ app }} was created with this address. If it was you, verify the address with this "
                "token, which is valid for three days:"
            ),
        ),
        (
            "Enter it in the application that you use, or pass it to verifyEmail of the API.",
            f"{NOTHING_TO_DO}.",
        ),
    ),
    "reset_password": MailTemplate(
        "Choose a new password",
        (
            "Hello {{ name }},",
            (
                "a new password was requested for your account at {{ app }}. If it was you, choose one with this "
                "token, which works once and is valid for one hour:"
            ),
        ),
        (
            "Enter it in the application that you use, or pass it to resetPassword of the API.",
            f"{NOTHING_TO_DO}: your password is unchanged.",
        ),
    ),
    "change_email": MailTemplate(
        "Confirm your new address",
        (
            "Hello {{ name }},",
            (
                "your account at {{ app }} is to have this address. Confirm it with this token, which works once and "
                "is valid for one hour:"
            ),
        ),
        (
            "Enter it in the application that you use, or pass it to confirmEmailChange of the API.",
            f"{NOTHING_TO_DO}: no account has this address.",
        ),
    ),
    "email_change_requested": MailTemplate(
        "Your address is to be changed",
        (
            "Hello {{ name }},",
            (
                "somebody with your password asked to change the address of your account at {{ app }} to {{ email }}. "
                "It changes when a mail to that address is confirmed, within one hour."
            ),
            "If it was not you, change your password now: this also ends the change.",
        ),
    ),
    "email_changed": MailTemplate(
        "Your address was changed",
        (
            "Hello {{ name }},",
            (
                "the address of your account at {{ app }} is now {{ email }}. This address no longer logs you in, and "
                "gets no more mail."
            ),
            "If it was not you, contact the operator of this server.",
        ),
    ),
    "invitation": MailTemplate(
        "{{ inviter }} invites you to {{ organization }}",
        (
            "Hello,",
            (
                "{{ inviter }} invites you to the organization {{ organization }} on {{ app }}. To become a member, "
                "sign up or log in with this address and accept with this token, which is valid for seven days:"
            ),
        ),
        (
            "Enter it in the application that you use, or pass it to acceptInvitation of the API.",
            "If you do not know the sender, you need not do anything.",
        ),
    ),
    "export_finished": MailTemplate(
        "The export of {{ table }} is finished",
        ("Hello {{ name }},", "the export of {{ table }} is finished. It has {{ rows }} rows."),
        button="Open the export",
        is_notice=True,
    ),
    "export_failed": MailTemplate(
        "The export of {{ table }} failed",
        (
            "Hello {{ name }},",
            "the export of {{ table }} failed: {{ problem }}",
            "Correct what is wrong, then start the export again with retryExport or in the application that you use.",
        ),
        is_notice=True,
    ),
    "report_ready": MailTemplate(
        "{{ title }}",
        ("Hello {{ name }},", "your report is ready: {{ title }}, {{ period }}."),
        button="Open the report",
        is_notice=True,
    ),
    "budget": MailTemplate(
        "{{ organization }} has used {{ percent }} % of its budget",
        (
            "Hello {{ name }},",
            "{{ organization }} has used {{ percent }} % of its budget for {{ period }}.",
            (
                "{% if is_hard %}When it is used up, messages are refused until the next month.{% else %}The limit is "
                "soft: messages are answered also beyond it.{% endif %} As an admin you change the limit with "
                "setBudget."
            ),
        ),
        is_notice=True,
    ),
}
_HTML = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{ subject }}</title></head>
<body style="margin:0;padding:24px;background:{{ paper }};color:{{ ink }};font:16px/1.5 {{ font }}">
<div style="max-width:560px;margin:0 auto;background:#fff;border-top:4px solid {{ accent }};padding:24px">
<p style="margin:0 0 16px;font-weight:bold;color:{{ accent }}">{{ app }}</p>
{%- for paragraph in before %}
<p style="margin:0 0 16px;overflow-wrap:anywhere" dir="auto">{{ paragraph }}</p>
{%- endfor %}
{%- if token %}
<p style="margin:0 0 16px;padding:12px;background:{{ paper }};border:1px solid {{ line }};overflow-wrap:anywhere">
<code style="font-size:15px">{{ token }}</code></p>
{%- endif %}
{%- if link %}
<p style="margin:0 0 16px"><a href="{{ link }}" style="display:inline-block;padding:10px 18px;background:{{ accent }};\
color:#fff;text-decoration:none;border-radius:4px">{{ button }}</a></p>
{%- endif %}
{%- for paragraph in after %}
<p style="margin:0 0 16px" dir="auto">{{ paragraph }}</p>
{%- endfor %}
<p style="margin:24px 0 0;padding-top:12px;border-top:1px solid {{ line }};color:{{ muted }};font-size:13px">\
{{ app }}{% if server %}, {{ server }}{% endif %}</p>
</div></body></html>
"""


def write(
    template: str, arguments: Mapping[str, str], server: str | None, link: str | None = None, app: str = DEFAULT_NAME
) -> Letter:
    """Return a mail of `app`; `server` is its public URL, if known, and `link` the address of the mail's subject."""
    mail = TEMPLATES[template]
    # Users choose these values. On one line, none of them can imitate a paragraph of the mail.
    values = {name: " ".join(value.split()) for name, value in arguments.items()} | {"app": app}
    after = (*mail.after, LINK if link else NO_LINK) if mail.button else mail.after
    subject, *paragraphs = (_template(text).render(values) for text in (mail.subject, *mail.before, *after))
    before, after = tuple(paragraphs[: len(mail.before)]), tuple(paragraphs[len(mail.before) :])
    parts = {"before": before, "after": after, "token": values.get("token"), "link": link}
    look = {"accent": ACCENT, "font": FONT, "ink": INK, "line": LINE, "muted": MUTED, "paper": PAPER}
    html = _template(_HTML, is_html=True)
    return Letter(
        subject,
        _text(before, after, values, link, server),
        html.render(subject=subject, button=mail.button, server=server, app=app, **parts, **look),
    )


def _text(
    before: tuple[str, ...], after: tuple[str, ...], values: Mapping[str, str], link: str | None, server: str | None
) -> str:
    """Return the plain text: wrapped paragraphs, with the token or the link on a line of its own."""
    wrapped = [fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) for text in (*before, *after)]
    middle = [f"    {line}" for line in (values.get("token"), link) if line]
    paragraphs = [*wrapped[: len(before)], *middle, *wrapped[len(before) :]]
    return "\n\n".join(paragraphs) + f"\n\n-- \n{values['app']}{f', {server}' if server else ''}\n"


@cache
def _template(source: str, *, is_html: bool = False) -> "Template":
    """Return the compiled template of a text of this module; compiling one takes a millisecond, and a mail has six."""
    from jinja2 import Environment, StrictUndefined  # imported late: it takes 40 ms

    environment = Environment(autoescape=is_html, undefined=StrictUndefined)  # noqa: S701  plain text is not escaped
    return environment.from_string(source)
