"""Webhooks: list, create and delete them; their deliveries, also once more by hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import argument
from strawberry.scalars import JSON

from auth.webhooks import webhook_secret
from db.models.jobs import JobStatus
from db.models.organizations import Organization
from db.models.tables import Table
from db.models.webhooks import Delivery, Webhook, WebhookEvent
from db.webhooks import webhooks
from db.webhooks.webhooks import NewWebhook
from errors import BadUserInput, NotFound
from integrations.webhooks import AddressRefused
from resolvers.core.context import IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id, global_id
from resolvers.core.pages import KeysetPage


@dataclass(frozen=True)
class CreateWebhookResult:
    webhook: Webhook
    secret: str


@dataclass(frozen=True)
class DeleteWebhookResult:
    deleted_id: strawberry.ID


@dataclass(frozen=True)
class DeliveryResult:
    delivery: Delivery


def list_webhooks(info: Info) -> KeysetPage[Webhook]:
    return info.context.page(webhooks.all_webhooks)


def list_deliveries(root: strawberry.Parent[Any], info: Info) -> KeysetPage[Delivery]:
    return info.context.page(webhooks.deliveries_of_webhook, webhook_id=root.id)


def list_events(root: strawberry.Parent[Any]) -> list[WebhookEvent]:
    return [WebhookEvent(event) for event in root.events]


async def table_of(root: strawberry.Parent[Any], info: Info) -> Table | None:
    return await info.context.by_id(Table, root.table_id)


async def status_of(root: strawberry.Parent[Any], info: Info) -> JobStatus:
    status: JobStatus = (await _state(root, info)).status
    return status


async def attempts_of(root: strawberry.Parent[Any], info: Info) -> int:
    return int((await _state(root, info)).attempt)


async def response_status_of(root: strawberry.Parent[Any], info: Info) -> int | None:
    status: int | None = (await _state(root, info)).response_status
    return status


def time_of(root: strawberry.Parent[Any]) -> datetime:
    moment: datetime = root.created_at
    return moment


def payload_of(root: strawberry.Parent[Any]) -> JSON:
    payload: JSON = root.payload
    return payload


async def _state(root: Any, info: Info) -> Any:
    """Return the state of a delivery and its job, read in one batch with the operation's other deliveries."""

    async def load(ids: list[UUID]) -> list[Any]:
        states = {state.id: state for state in await info.context.read(webhooks.delivery_states, ids=ids)}
        return [states.get(id_) for id_ in ids]

    state = await info.context.loader(_state, load).load(root.id)
    if state is None:
        raise NotFound("The job of this delivery is gone, or you may no longer see it.")
    return state


async def create_webhook(
    info: Info,
    url: Annotated[
        str,
        argument(
            description="Address that gets a POST request for each event, such as https://example.com/hook; a host "
            "with a private or reserved address is refused."
        ),
    ],
    events: Annotated[list[WebhookEvent], argument(description="Events to tell: at least one.")],
    table_id: Annotated[strawberry.ID | None, argument(description="Only events of this table.")] = None,
    organization_id: Annotated[
        strawberry.ID | None,
        argument(
            description="Events of everything in this organization that you may see; your personal one when both are "
            "omitted."
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> CreateWebhookResult:
    backend = info.context.backend
    new = NewWebhook(
        url, events, decode_optional_id(table_id, Table), decode_optional_id(organization_id, Organization)
    )
    try:
        await backend.requests.check(url)
    except AddressRefused as error:
        raise BadUserInput.of("url", str(error)) from None
    webhook = await info.context.write(webhooks.create, new, idempotency_key)
    return CreateWebhookResult(webhook, webhook_secret(backend.secrets[0], webhook.id))


async def delete_webhook(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of the webhook.")]
) -> DeleteWebhookResult:
    return DeleteWebhookResult(global_id(Webhook, await info.context.write(webhooks.delete, decode_id(id, Webhook))))


async def replay_delivery(
    info: Info, id: Annotated[strawberry.ID, argument(description="Id of a delivery.")]
) -> DeliveryResult:
    return DeliveryResult(await info.context.write(webhooks.replay, decode_id(id, Delivery)))
