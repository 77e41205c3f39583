"""Events that webhooks are told: a delivery and its job for each webhook, in the transaction of the event."""

from binascii import b2a_base64
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, or_, select

from auth.viewer import Role
from db.core.base import Base, Visibility, now
from db.core.events import JobQueued
from db.core.session import INSIDE, Session
from db.models.jobs import Job, JobStatus
from db.models.memberships import Membership, MembershipStatus
from db.models.webhooks import Delivery, Webhook, WebhookEvent

JOB_KIND = "webhook"


def record_event(
    session: Session, event: WebhookEvent, subject: Base, owner: Any, table_id: UUID | None, **data: Any
) -> None:
    """Queue an event about `subject` for the webhooks whose owners may see `owner`, the owned row that it belongs to.

    `data` is what the payload has besides the id of the subject and the time.
    """
    for webhook in _webhooks(session, event, owner, table_id):
        payload = _payload(event, subject, data)
        if event is WebhookEvent.TABLE_CHANGED and _replaced(session, webhook, subject.id, payload):
            continue
        job = Job(kind=JOB_KIND, organization_id=webhook.organization_id, owner_id=webhook.owner_id)
        delivery = Delivery(webhook_id=webhook.id, job_id=job.id, event=event, subject_id=subject.id, payload=payload)
        job.arguments = {"delivery_id": delivery.id.hex}
        for row in (job, delivery):
            session.bypass_rule_for(row)  # the webhook is another user's than that of the event
            session.add(row)
        session.emit(JobQueued(job.id))


def _webhooks(session: Session, event: WebhookEvent, owner: Any, table_id: UUID | None) -> list[Webhook]:
    """Return the webhooks for an event. They belong to other users too, so the policy is written out here."""
    is_member = and_(
        Membership.organization_id == owner.organization_id,
        Membership.user_id == Webhook.owner_id,
        Membership.status == MembershipStatus.ACTIVE,
        Membership.deleted_at.is_(None),
    )
    may_see = (
        is_member
        if owner.visibility is Visibility.ORGANIZATION
        else and_(is_member, or_(Webhook.owner_id == owner.owner_id, Membership.role == Role.ADMIN))
    )
    in_organization = and_(Webhook.table_id.is_(None), Webhook.organization_id == owner.organization_id)
    query = select(Webhook).where(
        in_organization if table_id is None else or_(Webhook.table_id == table_id, in_organization),
        Webhook.deleted_at.is_(None),
        exists(select(Membership.id).where(may_see)),
    )
    return [webhook for webhook in session.scalars(query, execution_options=INSIDE) if event in webhook.events]


def _replaced(session: Session, webhook: Webhook, subject_id: UUID, payload: dict[str, Any]) -> bool:
    """Give a delivery that no worker has begun the newer payload: a receiver needs the newest revision alone."""
    query = (
        select(Delivery, Job)
        .join(Job, Job.id == Delivery.job_id)
        .where(
            Delivery.webhook_id == webhook.id,
            Delivery.subject_id == subject_id,
            Delivery.event == WebhookEvent.TABLE_CHANGED,
            Job.status == JobStatus.QUEUED,
            Job.attempt == 0,
        )
        .order_by(Delivery.id.desc())
        .limit(1)
        .with_for_update(of=Job)  # a worker that claims it waits, and then reads the newer payload
    )
    event = session.execute(query, execution_options=INSIDE).first()
    if event is None:
        return False
    session.bypass_rule_for(event[0])
    event[0].payload = payload
    return True


def _payload(event: WebhookEvent, subject: Base, data: dict[str, Any]) -> dict[str, Any]:
    name = type(subject).__name__
    moment: datetime = now()
    return {
        "type": event.value.lower().replace("_", ".", 1),
        "timestamp": moment.isoformat().replace("+00:00", "Z"),
        "data": {f"{name[0].lower()}{name[1:]}Id": global_id(type(subject), subject.id), **data},
    }


def global_id(model: type[Base], id_: UUID) -> str:
    """Return the id that the API shows: GraphQL types have the names of their mapped classes."""
    return b2a_base64(f"{model.__name__}:{id_.hex}".encode(), newline=False).decode().rstrip("=")
