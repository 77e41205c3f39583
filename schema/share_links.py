"""The mutations that share a conversation by a link."""

from datetime import datetime

import strawberry

from resolvers.conversations import share_links
from schema.base import field, mutation, output_type
from schema.conversations import Conversation


@output_type
class ShareConversationPayload:
    """The link, which shows the branch and its tables as they are now, to whoever has it."""

    conversation: Conversation = field("The conversation.")
    share_url: str | None = field("The link; null when the server has lost the key of an earlier one.")
    expires_at: datetime = field("Until when it is good.")


@output_type
class UnshareConversationPayload:
    """The conversation, without a link."""

    conversation: Conversation = field("The conversation.")


@strawberry.type
class Mutation:
    share_conversation = mutation(
        ShareConversationPayload,
        share_links.share_conversation,
        "Make a read-only link to a conversation as it is now. A link that it had before leads nowhere any more.",
    )
    unshare_conversation = mutation(
        UnshareConversationPayload, share_links.unshare_conversation, "Take the link of a conversation back."
    )
