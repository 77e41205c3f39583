"""Checks of an installation: its settings, database, directories, and the services that the settings name."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from uuid import uuid4

from assembly.components import (
    create_cluster,
    create_database,
    create_google,
    create_mailer,
    create_models,
    create_sign_in_clients,
)
from db.core.events import Hub
from db.core.postgresql import DatabaseUnreachable
from db.migrations import head, revision_at
from integrations.disk import free_bytes
from integrations.google.checks import check_google
from integrations.llm.chat_completions import Delta, ModelFailure, Turn
from integrations.mail import Mail, MailFailed, SMTPMailer
from integrations.oidc.client import OIDCFailure
from preflight import check_settings
from settings.settings import Misconfigured, Settings

SECONDS = 60.0


@dataclass(frozen=True)
class Check:
    """Result of one check; `problem` is None when it passed."""

    name: str
    detail: str = ""
    problem: str | None = None


async def check_all(settings: Settings) -> list[Check]:
    """Run every check that the settings ask for."""
    results = [check_start(settings), await asyncio.to_thread(check_database, settings), check_disk(settings)]
    results += await check_redis(settings)
    results += await check_mail(settings, None) if settings.smtp_url else []
    results += await check_models(settings)
    results += await asyncio.to_thread(_google, settings)
    results += await asyncio.to_thread(check_providers, settings)
    return results


def check_start(settings: Settings) -> Check:
    try:
        check_settings(settings)
    except Misconfigured as error:
        return Check("settings", problem=str(error))
    return Check("settings", f"{settings.environment}; nothing contradicts")


def check_database(settings: Settings) -> Check:
    try:
        create_database(settings)
        revision = revision_at(settings.database_url)
    except (Misconfigured, DatabaseUnreachable) as error:
        return Check("database", problem=str(error))
    if revision != head():
        detail = "is empty" if revision is None else f"is at {revision}"
        return Check("database", f"{detail}; the next start migrates it to {head()}")
    return Check("database", f"is at {revision}, the newest revision")


def check_disk(settings: Settings) -> Check:
    megabytes = free_bytes(settings.files_dir) // 1_000_000
    detail = f"{megabytes:,} MB are free for FILES_DIR={settings.files_dir}"
    few = megabytes < settings.min_free_megabytes
    return Check("disk", detail, "Free some space: /health/ready answers 503." if few else None)


async def check_redis(settings: Settings) -> list[Check]:
    """Return whether Redis answers; nothing for a single process."""
    cluster = create_cluster(settings, create_database(settings), Hub())
    if cluster is None:
        return []
    answers = await cluster.check()
    await cluster.close()
    return [Check("redis", "answers", None if answers else "It does not answer: check REDIS_URL, and that it runs.")]


async def check_mail(settings: Settings, to: str | None) -> list[Check]:
    """Sign in to the mail server, and send a mail to `to` if it is given."""
    mailer = create_mailer(settings)
    if not isinstance(mailer, SMTPMailer):
        return [Check("mail", f"is written to MAIL_DIR={settings.mail_dir}, as SMTP_URL is empty")]
    try:
        await mailer.check()
        if to is not None:
            await mailer.send(Mail(uuid4().hex, to, "A mail of SheetGPT", "This server can send mail."))
    except MailFailed as error:
        return [Check("mail", problem=error.message)]
    return [Check("mail", "the server accepts the login" if to is None else f"a mail was sent to {to}")]


async def check_models(settings: Settings) -> list[Check]:
    """Ask each model for a word."""
    catalog, router = create_models(settings)
    if router is None:
        return [Check("llm", "none is configured: the offline assistant answers")]
    results = []
    for offer in catalog.offers:
        started = time.perf_counter()
        try:
            events = router.stream([Turn("user", "Say hello.")], model=offer.name, max_tokens=64)
            async with asyncio.timeout(SECONDS), aclosing(events):
                text = "".join([event.text async for event in events if isinstance(event, Delta)])
        except ModelFailure as failure:
            results.append(Check(f"llm {offer.name}", problem=failure.message))
        except TimeoutError:
            results.append(Check(f"llm {offer.name}", problem=f"It did not end within {SECONDS:g} s."))
        else:
            seconds = time.perf_counter() - started
            results.append(Check(f"llm {offer.name}", f"{len(text)} characters in {seconds:.1f} s"))
    await router.close()
    return results


def _google(settings: Settings) -> Iterator[Check]:
    for result in check_google(create_google(settings, ()), None, None):
        yield Check(f"google {result.name}", result.detail, result.problem)


def check_providers(settings: Settings) -> list[Check]:
    """Fetch the configuration and the keys of each identity provider."""
    try:
        clients = create_sign_in_clients(settings)
    except Misconfigured as error:
        return [Check("oidc", problem=str(error))]
    results = []
    for key, client in clients.items():
        try:
            keys = client.check()
        except OIDCFailure as failure:
            results.append(Check(f"oidc {key}", problem=f"{failure}."))
        else:
            results.append(Check(f"oidc {key}", f"{keys} keys; redirect URI {client.redirect_uri}"))
    return results
