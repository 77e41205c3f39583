"""Deliveries of events to webhooks, signed, and repeated for a day."""

import time
from collections.abc import Sequence
from uuid import UUID

import orjson

from auth.webhooks import sign_webhook
from db.core.base import Base
from db.core.engine import Database
from db.models.exports import Export
from db.models.messages import Message
from db.models.proposals import Proposal
from db.models.reports import Report
from db.models.tables import Table
from db.models.webhooks import Delivery, Webhook, WebhookEvent
from db.webhooks import webhooks
from errors import NotFound
from integrations.webhooks import AddressRefused, PublicRequests, RequestFailed
from jobs.runner.job_run import JobContext

MAX_CONCURRENT = 16
GONE = 410  # the receiver wants no more
SUBJECTS: dict[WebhookEvent, type[Base]] = {
    WebhookEvent.TABLE_CHANGED: Table,
    WebhookEvent.EXPORT_FINISHED: Export,
    WebhookEvent.REPLY_ENDED: Message,
    WebhookEvent.PROPOSAL_READY: Proposal,
    WebhookEvent.REPORT_READY: Report,
}


class Deliveries:
    """Handler of webhook jobs: one attempt; a failed one is put off in the database, without waiting here."""

    def __init__(self, database: Database, secrets: Sequence[bytes], requests: PublicRequests) -> None:
        self._database, self._secrets, self._requests = database, secrets, requests

    async def __call__(self, context: JobContext) -> None:
        delivery = await self._database.find(Delivery, context.viewer, UUID(context.job.arguments["delivery_id"]))
        if delivery is None:
            raise NotFound("The webhook was deleted, or you may no longer see it.")
        webhook = await self._database.find(Webhook, context.viewer, delivery.webhook_id)
        if webhook is None:
            raise NotFound("The webhook was deleted, or you may no longer see it.")
        if await self._database.find(SUBJECTS[delivery.event], context.viewer, delivery.subject_id) is None:
            raise NotFound("The object of this event was deleted, or you may no longer see it.")
        status, problem = await self._send(webhook, delivery)
        if problem is None:
            await self._database.write(webhooks.delivered, context.viewer, delivery.id, context.job, status)
            return
        await self._database.write(
            webhooks.not_delivered, context.viewer, delivery.id, context.job, status, problem, is_final=status == GONE
        )

    async def _send(self, webhook: Webhook, delivery: Delivery) -> tuple[int | None, str | None]:
        """Send the event; return the status of the response, if any, and the problem unless it was accepted."""
        body, message_id, timestamp = orjson.dumps(delivery.payload), f"msg_{delivery.id.hex}", int(time.time())
        headers = {
            "content-type": "application/json",
            "user-agent": "SheetGPT-Webhooks",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign_webhook(self._secrets, webhook.id, message_id, timestamp, body),
        }
        try:
            status = await self._requests.post(webhook.url, headers, body)
        except (AddressRefused, RequestFailed) as error:
            return None, str(error)
        is_accepted = 200 <= status < 300
        return status, None if is_accepted else f"The receiver answered {status} instead of a status from 200 to 299."
