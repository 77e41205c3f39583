"""The mutations that share a conversation by a public link."""

from datetime import datetime

import strawberry

from resolvers.conversations import share_links
from schema.base import Shows, field, output_type
from schema.conversations import Conversation
from schema.operations import mutation


@output_type
class ShareConversationPayload(Shows[share_links.ShareConversationResult]):
    """Result of `shareConversation`."""

    conversation: Conversation = field("The shared conversation.")
    share_url: str | None = field(
        "Public link to the branch and its tables as they are now; null when the server has lost the key of the link."
    )
    expires_at: datetime = field("Time at which the link expires.")


@output_type
class UnshareConversationPayload(Shows[share_links.UnshareConversationResult]):
    """Result of `unshareConversation`."""

    conversation: Conversation = field("The conversation, without a link.")


@strawberry.type
class Mutation:
    share_conversation = mutation(
        ShareConversationPayload,
        share_links.share_conversation,
        "Create a public read-only link to a conversation as it is now. An earlier link becomes invalid.",
    )
    unshare_conversation = mutation(
        UnshareConversationPayload,
        share_links.unshare_conversation,
        "Withdraw the public link of a conversation.",
    )
