"""Webhooks, their deliveries, and the mutations that change them."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from db import models
from resolvers.organizations import organizations
from resolvers.webhooks import webhooks
from schema.base import Audited, Node, Shows, TypeOf, enum, field, list_of, node_id, optional, output_type, required
from schema.connections import page
from schema.operations import mutation

enum(
    models.webhooks.WebhookEvent,
    TABLE_CHANGED="A table has a new revision. Several that follow closely are told as one, the newest.",
    PROPOSAL_READY="A proposal is complete.",
    REPLY_ENDED="A reply has ended; the payload has its status.",
    EXPORT_FINISHED="An export has ended; the payload has its status.",
    REPORT_READY="A report is complete.",
)


@output_type
class Delivery(Node, Shows[models.webhooks.Delivery]):
    """An event that was sent, or is being sent, to a webhook."""

    id: strawberry.ID = strawberry.field(resolver=node_id, description="Opaque global id; it never changes.")
    event: models.webhooks.WebhookEvent = field("Event.")
    status = required(
        models.jobs.JobStatus,
        webhooks.status_of,
        "COMPLETED once the receiver accepted it; QUEUED between attempts, which go on for a day.",
    )
    attempts = required(int, webhooks.attempts_of, "Number of attempts.")
    response_status = optional(int, webhooks.response_status_of, "HTTP status of the last response; null without one.")
    at = required(datetime, webhooks.time_of, "Time of the event.")
    payload = required(JSON, webhooks.payload_of, "Body of the request: `type`, `timestamp` and `data`.")


@output_type
class Webhook(Node, Audited, Shows[models.webhooks.Webhook]):
    """An address that receives events as POST requests, signed as the Standard Webhooks specification says."""

    url: str = field("Address of the receiver.")
    events = list_of(models.webhooks.WebhookEvent, webhooks.list_events, "Events that are told.")
    table = optional(TypeOf[models.tables.Table], webhooks.table_of, "Table whose events are told; null: of all.")
    organization = optional(
        TypeOf[models.organizations.Organization], organizations.organization_of, "Organization whose events are told."
    )
    deliveries = page(
        TypeOf[models.webhooks.Delivery], webhooks.list_deliveries, "Deliveries, newest first; erased after some weeks."
    )


@output_type
class CreateWebhookPayload(Shows[webhooks.CreateWebhookResult]):
    """Result of `createWebhook`."""

    webhook: Webhook = field("The new webhook.")
    secret: str = field("Secret to verify signatures with, `whsec_…`; it is shown once.")


@output_type
class DeleteWebhookPayload(Shows[webhooks.DeleteWebhookResult]):
    """Result of `deleteWebhook`."""

    deleted_id: strawberry.ID = field("Id of the deleted webhook, for `restore`.")


@output_type
class ReplayDeliveryPayload(Shows[webhooks.DeliveryResult]):
    """Result of `replayDelivery`."""

    delivery: Delivery = field("The delivery, QUEUED again.")


@strawberry.type
class Query:
    webhooks = page(Webhook, webhooks.list_webhooks, "Webhooks that you may see, newest first.")


@strawberry.type
class Mutation:
    create_webhook = mutation(
        CreateWebhookPayload,
        webhooks.create_webhook,
        "Have events told to an address. Failed deliveries are repeated for a day, at growing intervals.",
    )
    delete_webhook = mutation(DeleteWebhookPayload, webhooks.delete_webhook, "Delete a webhook.")
    replay_delivery = mutation(
        ReplayDeliveryPayload,
        webhooks.replay_delivery,
        "Deliver an event once more, at once, with the same `webhook-id`. CONFLICT while an attempt is running.",
    )
