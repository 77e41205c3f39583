"""The mutation that rates messages."""

import strawberry

from resolvers.conversations import ratings
from schema.base import Shows, field, output_type
from schema.messages import Message
from schema.operations import mutation


@output_type
class RateMessagePayload(Shows[ratings.RateMessageResult]):
    """Result of `rateMessage`."""

    message: Message = field("The rated message.")


@strawberry.type
class Mutation:
    rate_message = mutation(RateMessagePayload, ratings.rate_message, "Rate a message. Only you can see your rating.")
