"""The mutation that notifies every user."""

import strawberry

from resolvers.notifications import broadcasts
from schema.base import Shows, field, output_type
from schema.operations import mutation


@output_type
class BroadcastPayload(Shows[broadcasts.BroadcastResult]):
    """Result of `broadcast`."""

    title: str = field("Title of the notification that every user receives.")


@strawberry.type
class Mutation:
    broadcast = mutation(
        BroadcastPayload, broadcasts.broadcast, "Notify every user, as a background job. Superusers only."
    )
