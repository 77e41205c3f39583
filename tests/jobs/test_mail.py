"""Mail: contents, recipients, servers, and failures to send."""

import logging
import ssl
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from db.core.prepared import Prepared
from db.models.jobs import Job, JobStatus
from integrations import mail
from integrations.mail import FileMailer, Mail, MailFailed, Server, SMTPMailer
from jobs.mail import mail as jobs_mail
from jobs.mail.templates import TEXTS, write
from tests.support.app import App, open_app
from tests.support.loopback.smtp import loopback_smtp
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

    found: list[Job] = await until(over)
    return found


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


NOTICES = {"email_change_requested", "email_changed"}  # they tell of something, and have no token


@pytest.mark.parametrize("template", TEXTS)
def test_every_template_names_its_token_and_takes_names_as_they_are(template: str) -> None:
    given = {"name": "Ann $token\n\nEve", "inviter": "Bob", "organization": "Bob\r\n& Co", "token": "t0k"}
    given["email"] = "new@example.com"
    subject, text = write(template, given, "https://sheets.example.com")
    assert "\n" not in subject
    assert text.count("t0k") == (template not in NOTICES)
    assert text.count("new@example.com") == (template in NOTICES)
    assert "$" not in text.replace("$token", "")
    assert "\n\nEve" not in text
    assert text.endswith("\n-- \nSheetGPT, https://sheets.example.com\n")


async def test_signing_up_mails_a_token_that_the_database_does_not_keep(app: App, tmp_path: Path) -> None:
    await app.person("ann")
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
    assert "Hello Ann Lee," in read(path).get_content()


async def test_mail_is_tried_again_and_then_given_up_without_its_token(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_mail, "RETRY_SECONDS", (0.01, 0.01))
    async with loopback_smtp() as server:
        server.answers = ["451 later", "450 later", "250 now", "451 a", "451 b", "451 c", "550 never"]
        url = f"smtp+plain://127.0.0.1:{server.port}"
        async with open_app(database_url, tmp_path, smtp_url=url, mail_from=SENDER) as app:
            for name in ("ann", "bob", "cleo"):
                await app.person(name)
                jobs = await jobs_over(app)
    assert [(mail.sender, mail.recipients) for mail in server.received] == [(SENDER, ["ann@example.com"])]
    assert server.answers == []
    assert [(job.status, job.error_code, job.error_message, job.error_retryable) for job in jobs] == [
        (JobStatus.COMPLETED, None, None, False),
        (JobStatus.FAILED, "UPSTREAM_FAILED", "The mail server refused the mail with code 451.", True),
        (JobStatus.FAILED, "UPSTREAM_FAILED", "The mail server refused the mail with code 550.", False),
    ]
    assert [job.arguments["arguments"] for job in jobs] == [{"name": "Ann Lee"}] * 3
