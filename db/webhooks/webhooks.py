"""Webhooks: create, delete and list them; their deliveries and the results of those."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from db.core.base import now
from db.core.dialect_sql import OneOf
from db.core.idempotency import idempotent
from db.core.pagination import Listing
from db.core.prepared import Prepared
from db.core.session import Session
from db.jobs import control, jobs
from db.models.jobs import Job, JobStatus
from db.models.organizations import Organization
from db.models.tables import Table
from db.models.webhooks import Delivery, Webhook, WebhookEvent
from db.webhooks.events import JOB_KIND
from errors import BadUserInput, Conflict, RateLimited

MAX_PER_USER = 50
# Pauses between attempts: a day in all, short at first.
PAUSES = [timedelta(minutes=minutes) for minutes in (0.1, 5, 30, 120, 300, 480, 480)]
JITTER = 0.1  # of a pause, so that a receiver that comes back does not get everything at once

all_webhooks = Listing(Webhook, newest_first=True)
deliveries_of_webhook = Listing(Delivery, newest_first=True, of_parent=True)
# In one statement, so that a delivery is never shown as completed with the response of an earlier attempt.
delivery_states: Prepared[Any] = Prepared(
    select(Delivery.id, Delivery.response_status, Job.status, Job.attempt)
    .join(Job, Job.id == Delivery.job_id)
    .where(OneOf(Delivery.id))
)


@dataclass(frozen=True)
class NewWebhook:
    """Fields of a webhook to create, with an address that was checked."""

    url: str
    events: Sequence[WebhookEvent]
    table_id: UUID | None = None
    organization_id: UUID | None = None


def create(session: Session, new: NewWebhook, idempotency_key: str | None = None) -> Webhook:
    """Create a webhook of the viewer. Raises BadUserInput, NotFound or RateLimited."""
    return idempotent(
        session,
        "createWebhook",
        idempotency_key,
        create=lambda: _create(session, new),
        result_ids=lambda webhook: [webhook.id],
        load=lambda ids: session.get(Webhook, ids[0]),
    )


def _create(session: Session, new: NewWebhook) -> Webhook:
    if not new.events:
        raise BadUserInput.of("events", "Name at least one event.")
    if new.table_id is not None and new.organization_id is not None:
        raise BadUserInput.of("organizationId", "Pass `tableId` or `organizationId`, not both.")
    count = session.scalars(select(func.count(Webhook.id)).where(Webhook.owner_id == session.user_id)).one()
    if count >= MAX_PER_USER:
        raise RateLimited(f"You have {count} webhooks, the maximum. Delete one first.")
    webhook = Webhook(
        url=new.url,
        events=list(dict.fromkeys(event.value for event in new.events)),
        table_id=new.table_id,
        organization_id=_organization(session, new),
        owner_id=session.user_id,
    )
    session.add(webhook)
    session.flush()
    return webhook


def _organization(session: Session, new: NewWebhook) -> UUID:
    if new.table_id is not None:
        return session.get(Table, new.table_id).organization_id
    if new.organization_id is not None:
        return session.get(Organization, new.organization_id).id
    return session.personal_organization_id


def delete(session: Session, id_: UUID) -> UUID:
    """Soft-delete a webhook; deliveries that wait for another attempt then fail."""
    session.get_for_update(Webhook, id_).deleted_at = now()
    return id_


def replay(session: Session, delivery_id: UUID) -> Delivery:
    """Deliver once more, at once. Raises Conflict while an attempt is running."""
    delivery = session.get_for_update(Delivery, delivery_id)
    job = session.get_for_update(Job, delivery.job_id)
    if job.status is JobStatus.RUNNING:
        raise Conflict("This delivery is being made right now. Wait for its result.")
    _restart(session, job)
    return delivery


def _restart(session: Session, job: Job) -> None:
    job.arguments = job.arguments | {"earlier_attempts": job.attempt}
    jobs.retry(session, job)


def delivered(session: Session, delivery_id: UUID, job: Job, status: int | None) -> None:
    """Record the response of a receiver that accepted a delivery, and complete its job."""
    jobs.finish(session, job.id, job.attempt, JobStatus.COMPLETED)
    session.get(Delivery, delivery_id).response_status = status


def not_delivered(
    session: Session, delivery_id: UUID, job: Job, status: int | None, message: str, *, is_final: bool = False
) -> None:
    """Record a failed attempt, and put the next one off; after the last one the job fails."""
    delivery = session.get(Delivery, delivery_id)
    delivery.response_status = status
    count = job.attempt - job.arguments.get("earlier_attempts", 0)
    if is_final or count > len(PAUSES):
        jobs.fail(session, job.id, job.attempt, "UPSTREAM_FAILED", message, True)
        return
    pause = PAUSES[count - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  not a secret
    jobs.postpone(session, job.id, job.attempt, pause, "UPSTREAM_FAILED", message)


control.register(JOB_KIND, cancel=control.end_canceled, retry=_restart)
