"""Mail: contents, recipients, servers, and failures to send."""

import logging
import re
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape, unescape
from pathlib import Path

import pytest
from sqlalchemy import select

from db.core.prepared import Prepared
from db.core.session import Session
from db.jobs import mail as mail_jobs
from db.models.jobs import Job, JobStatus
from db.models.users import User
from integrations import mail
from integrations.mail import FileMailer, Mail, MailFailed, Server, SMTPMailer, compose
from jobs.mail import mail as jobs_mail
from jobs.mail.templates import TEMPLATES, write
from resolvers.core.ids import global_id
from tests.support.app import App, open_app
from tests.support.loopback.smtp import loopback_smtp
from tests.support.mailbox import html_text, plain_text
from tests.support.processes.waiting import until
from tests.support.world import SYSTEM

HELLO = Mail("7f", "ann@example.com", "Hello", "A line.\n.\nAnother line.\n")
SENDER = "sheets@example.com"

every_job: Prepared[Job] = Prepared(select(Job).where(Job.kind == "mail").order_by(Job.id))


async def jobs_over(app: App) -> list[Job]:
    """Wait until all mail jobs have finished, and return them."""

    async def over() -> list[Job]:
        jobs = await app.backend.database.read(every_job, SYSTEM)
        return jobs if all(job.finished_at for job in jobs) else []

    results: list[Job] = await until(over)
    return results


def read(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def smtp(url: str) -> SMTPMailer:
    return SMTPMailer(Server.of(url), SENDER)


async def test_mail_is_handed_to_the_server_as_it_was_written() -> None:
    async with loopback_smtp() as server:
        await smtp(f"smtp+plain://127.0.0.1:{server.port}").send(HELLO)
    (mail,) = server.received
    assert (mail.sender, mail.recipients) == (SENDER, ["ann@example.com"])
    assert (mail.is_encrypted, mail.login) == (False, None)
    assert {name: mail.message[name] for name in ("To", "From", "Subject", "Message-ID", "Auto-Submitted")} == {
        "To": "ann@example.com",
        "From": "SheetGPT <sheets@example.com>",
        "Subject": "Hello",
        "Message-ID": "<7f@example.com>",
        "Auto-Submitted": "auto-generated",
    }
    assert mail.message.get_content().replace("\r\n", "\n") == HELLO.text


@pytest.mark.parametrize(("scheme", "from_the_start"), [("smtp", False), ("smtps", True)])
async def test_mail_goes_through_tls_with_the_name_and_password_of_the_url(
    certificate: ssl.SSLContext, scheme: str, from_the_start: bool
) -> None:
    async with loopback_smtp(tls=certificate, encrypted=from_the_start) as server:
        await smtp(f"{scheme}://post%40example.com:p%2Fw@127.0.0.1:{server.port}").send(HELLO)
    (mail,) = server.received
    assert (mail.is_encrypted, mail.login) == (True, ("post@example.com", "p/w"))


async def test_nothing_is_sent_without_tls_unless_the_url_says_so() -> None:
    async with loopback_smtp() as server:
        with pytest.raises(MailFailed, match="does not match SMTP_URL: SMTP STARTTLS") as caught:
            await smtp(f"smtp://127.0.0.1:{server.port}").send(HELLO)
    assert (caught.value.retryable, server.received) == (False, [])


async def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with loopback_smtp(tls=certificate) as server:
        with pytest.raises(MailFailed, match="cannot be reached"):
            await smtp(f"smtp://127.0.0.1:{server.port}").send(HELLO)
    assert server.received == []


@pytest.mark.parametrize(("answer", "retryable"), [("451 later", True), ("550 never", False)])
async def test_a_refusal_says_whether_to_try_again(answer: str, retryable: bool) -> None:
    async with loopback_smtp() as server:
        server.answers.append(answer)
        with pytest.raises(MailFailed, match=f"refused the mail with code {answer[:3]}") as caught:
            await smtp(f"smtp+plain://127.0.0.1:{server.port}").send(HELLO)
    assert caught.value.retryable is retryable


async def test_a_server_that_is_not_there_or_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "STEP_SECONDS", 0.2)
    async with loopback_smtp(silent=True) as server:
        with pytest.raises(MailFailed, match="cannot be reached") as caught:
            await smtp(f"smtp+plain://127.0.0.1:{server.port}").send(HELLO)
        assert caught.value.retryable
    with pytest.raises(MailFailed, match="cannot be reached") as caught:
        await smtp(f"smtp+plain://127.0.0.1:{server.port}").send(HELLO)
    assert caught.value.retryable


@pytest.mark.parametrize("to", ["a,b@example.com", "a\r\nBcc: eve@example.com", "<a>@example.com", "a", ""])
async def test_an_address_that_is_none_or_several_gets_nothing(to: str) -> None:
    async with loopback_smtp() as server:
        with pytest.raises(MailFailed, match="is not a single valid e-mail address") as caught:
            await smtp(f"smtp+plain://127.0.0.1:{server.port}").send(Mail("1", to, "Hello", "Text"))
    assert (caught.value.retryable, server.received) == (False, [])


@pytest.mark.parametrize(
    "url", ["", "host", "http://host", "smtp://", "smtps://host:99999", "smtp://host?tls=no", "smtp://u:secret@host/x"]
)
def test_an_url_that_is_not_understood_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL") as caught:
        Server.of(url)
    assert "secret" not in str(caught.value)


def test_an_url_without_a_port_means_the_usual_one() -> None:
    assert [Server.of(f"{scheme}://host").port for scheme in ("smtps", "smtp", "smtp+plain")] == [465, 587, 25]


async def test_without_a_server_mail_is_written_into_files_of_this_user(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    directory = tmp_path / "post" / "out"
    await FileMailer(directory, SENDER).send(HELLO)
    (path,) = directory.iterdir()
    assert str(path) in caplog.text
    assert (path.suffix, path.stat().st_mode & 0o777, directory.stat().st_mode & 0o777) == (".eml", 0o600, 0o700)
    assert (read(path)["To"], read(path).get_content()) == ("ann@example.com", HELLO.text)


async def test_a_directory_that_cannot_be_written_fails_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MailFailed, match="The mail could not be written") as caught:
        await FileMailer(tmp_path / "file", SENDER).send(HELLO)
    assert caught.value.retryable


def test_mails_bear_the_name_of_the_service() -> None:
    values = {"name": "Ann", "token": "t0k"}
    letter = write("verify_email", values, None, app="Acme & <Söhne>")
    assert "an account at Acme & <Söhne> was created" in " ".join(letter.text.split())
    assert letter.text.endswith("\n-- \nAcme & <Söhne>\n")
    assert letter.html.count("Acme &amp; &lt;Söhne&gt;") == 3
    assert "SheetGPT" not in letter.text + letter.html
    message = compose(HELLO, SENDER, "Acme, <Söhne>")
    assert message["From"].addresses[0].display_name == "Acme, <Söhne>"


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("link", ["https://sheets.example.com/reports/1?expires=2&signature=3", None])
def test_every_template_shows_what_it_is_about_and_takes_names_as_they_are(template: str, link: str | None) -> None:
    hostile = "Ann {{ token }}\n\nEve <script>&"
    names = ("name", "inviter", "organization", "table", "title", "problem", "period", "percent", "rows", "is_hard")
    values = {**dict.fromkeys(names, hostile), "email": hostile, "token": "t0k"}
    letter = write(template, values, "https://sheets.example.com", link)
    assert "\n" not in letter.subject
    assert letter.text.count("t0k") == 1
    assert letter.text.count(str(link)) == (link is not None)
    assert "\n\nEve" not in letter.text
    assert max(map(len, letter.text.splitlines())) <= 80
    assert letter.text.endswith("\n-- \nSheetGPT, https://sheets.example.com\n")
    assert "<script" not in letter.html
    assert letter.html.count("Ann {{ token }} Eve &lt;script&gt;&amp;") >= 1
    assert letter.html.count("t0k") == 1
    assert (f'href="{escape(str(link))}"' in letter.html) == (link is not None)
    outside = re.findall(r"(?:src|href|url)=?[(\"']+([^\"')]+)", letter.html)
    assert [unescape(one) for one in outside] == ([link] if link else [])


async def test_notices_go_to_verified_addresses_only_where_mail_leaves_the_machine(
    database_url: str, tmp_path: Path
) -> None:
    async with loopback_smtp() as server:
        url = f"smtp+plain://127.0.0.1:{server.port}"
        settings = {"smtp_url": url, "mail_from": SENDER, "public_url": "https://sheets.example.com"}
        async with open_app(database_url, tmp_path, **settings) as app:
            ann = await app.sign_up("ann")
            viewer = await app.viewer(ann)

            def notice(session: Session) -> None:
                owner = session.get(User, session.user_id)
                mail_jobs.enqueue(session, owner, "report_ready", path="/reports/1/2/x", title="Usage", period="May")

            def verify(session: Session) -> None:
                session.scalars(select(User)).one().is_email_verified = True

            await app.backend.database.write(notice, viewer)
            refused = (await jobs_over(app))[-1]
            assert (refused.status, refused.error_code) == (JobStatus.FAILED, "FORBIDDEN")
            assert len(server.received) == 1  # the token of the sign-up
            await app.backend.database.write(verify, SYSTEM)
            await ann.mutate("retryJob", "{ job { id } }", id=global_id(Job, refused.id))
            assert (await jobs_over(app))[-1].status is JobStatus.COMPLETED
            message = server.received[-1].message
            (link,) = re.findall(
                r"^    (https://sheets\.example\.com/reports/1/2/x\?\S+)\r?$", plain_text(message), re.M
            )
            assert escape(link) in html_text(message)


async def test_signing_up_mails_a_token_that_the_database_does_not_keep(app: App, tmp_path: Path) -> None:
    await app.sign_up("ann")
    (job,) = await jobs_over(app)
    assert (job.status, job.error_message) == (JobStatus.COMPLETED, None)
    assert job.arguments == {
        "lost_secrets": True,
        "template": "verify_email",
        "to": "ann@example.com",
        "arguments": {"name": "Ann Lee"},
    }
    (path,) = (tmp_path / "mail").iterdir()
    assert read(path)["Subject"] == "Verify your address"
    assert "Hello Ann Lee," in plain_text(read(path))
    assert "Hello Ann Lee," in html_text(read(path))


async def test_mail_is_tried_again_and_then_given_up_without_its_token(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_mail, "RETRY_SECONDS", (0.01, 0.01))
    async with loopback_smtp() as server:
        server.answers = ["451 later", "450 later", "250 now", "451 a", "451 b", "451 c", "550 never"]
        url = f"smtp+plain://127.0.0.1:{server.port}"
        async with open_app(database_url, tmp_path, smtp_url=url, mail_from=SENDER) as app:
            for name in ("ann", "bob", "cleo"):
                await app.sign_up(name)
                jobs = await jobs_over(app)
    assert [(mail.sender, mail.recipients) for mail in server.received] == [(SENDER, ["ann@example.com"])]
    assert server.answers == []
    assert [(job.status, job.error_code, job.error_message, job.error_retryable) for job in jobs] == [
        (JobStatus.COMPLETED, None, None, False),
        (JobStatus.FAILED, "UPSTREAM_FAILED", "The mail server refused the mail with code 451.", True),
        (JobStatus.FAILED, "UPSTREAM_FAILED", "The mail server refused the mail with code 550.", False),
    ]
    assert [job.arguments["arguments"] for job in jobs] == [{"name": "Ann Lee"}] * 3
