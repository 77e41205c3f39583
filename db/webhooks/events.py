"""Events that webhooks are told: a delivery and its job for each webhook, in the transaction of the event."""

from binascii import b2a_base64
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, or_, select

from auth.viewer import Role
from db.core.base import Base, Visibility, now
from db.core.events import JobQueued
from db.core.prepared import Prepared, bind
from db.core.session import INSIDE, Session
from db.models.jobs import Job, JobStatus
from db.models.memberships import Membership, MembershipStatus
from db.models.webhooks import Delivery, Webhook, WebhookEvent

JOB_KIND = "webhook"


def _query(*, of_table: bool, is_shared: bool) -> Prepared[Webhook]:
    """Return the query of the webhooks whose owners may see an object; the policy is written out here."""
    organization_id = bind("organization_id", Webhook.organization_id)
    is_member = and_(
        Membership.organization_id == organization_id,
        Membership.user_id == Webhook.owner_id,
        Membership.status == MembershipStatus.ACTIVE,
    )
    is_owner = Webhook.owner_id == bind("owner_id", Webhook.owner_id)
    may_see = is_member if is_shared else and_(is_member, or_(is_owner, Membership.role == Role.ADMIN))
    in_organization = and_(Webhook.table_id.is_(None), Webhook.organization_id == organization_id)
    is_of_table = Webhook.table_id == bind("table_id", Webhook.table_id)
    return Prepared(
        select(Webhook).where(
            or_(is_of_table, in_organization) if of_table else in_organization,
            exists(select(Membership.id).where(may_see)),
        )
    )


_webhooks_for = {
    (of_table, is_shared): _query(of_table=of_table, is_shared=is_shared)
    for of_table in (False, True)
    for is_shared in (False, True)
}


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
    """Return the webhooks for an event, also those of other users."""
    query = _webhooks_for[table_id is not None, owner.visibility is Visibility.ORGANIZATION]
    parameters = {"organization_id": owner.organization_id, "owner_id": owner.owner_id, "table_id": table_id}
    return [webhook for webhook in session.read_as_system(query, **parameters) if event in webhook.events]


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
