"""Conversations and the mutations that begin and change them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db.core.base import Visibility
from db.models import conversations as rows
from resolvers.billing import usage
from resolvers.conversations import branches, conversations, messages, share_links
from resolvers.organizations import organizations
from resolvers.sites import sites
from resolvers.tables import tables
from schema.base import Audited, Edge, Node, edge, enum, field, mutation, optional, output_type, page, required
from schema.organizations import Organization
from schema.usage import Usage
from schema.users import User

if TYPE_CHECKING:
    from schema.messages import Message
    from schema.sites import Site
    from schema.tables import Table
else:  # a conversation lists its messages, and a message names its conversation
    Message = Annotated["Message", strawberry.lazy("schema.messages")]
    Site = Annotated["Site", strawberry.lazy("schema.sites")]
    Table = Annotated["Table", strawberry.lazy("schema.tables")]

enum(
    Visibility,
    PRIVATE="The owner, and the admins of its organization.",
    ORGANIZATION="Every member of its organization; the owner and the admins change it.",
)
enum(
    rows.ExtractionMode,
    OFF="Nothing: no tables are looked for.",
    REVIEW="They are proposed, and wait for somebody to apply them.",
    AUTO="They are proposed and applied at once.",
)


@output_type
class Conversation(Node, Audited, row=rows.Conversation):
    """People's messages and the assistant's replies to them."""

    title: str = field("What it is called.")
    owner = required(User, organizations.owner_of, "Whose it is.")
    organization = required(Organization, organizations.organization_of, "The organization that it belongs to.")
    site = optional(Site, sites.site_of, "The site that it is about; null when there is none that you may see.")
    visibility: Visibility = field("Who sees it besides its owner.")
    system_prompt: str = field("What the model is told before everything else.")
    model: str = field("What answers in it.")
    temperature: float | None = field("How freely it answers, 0 to 2; null for the model's own.")
    max_tokens: int | None = field("Longest reply, in tokens; null for the model's own.")
    extraction: rows.ExtractionMode = field("What becomes of the tables that are said.")
    all_messages = page(Message, messages.list_all_messages, "What was said on all branches, oldest first.")
    messages = page(Message, branches.list_messages, "What was said on one branch, oldest first.")
    message_count: int = field("How many messages there are on all branches.")
    last_message_at: datetime | None = field("When the last message was sent.")
    preview: str | None = field("The beginning of the last message that a person sent.")
    usage = required(Usage, usage.usage_of_conversation, "What all replies in it cost, and its title.")
    tables = page(Table, tables.list_tables_of_conversation, "The tables that came out of it.")
    share_url = optional(
        str,
        share_links.share_url,
        "The link that shows it, as it was when it was shared; null without one.",
    )


@output_type
class CreateConversationPayload:
    """The new conversation."""

    conversation: Conversation = field("The new conversation.")
    conversation_edge: Edge[Conversation] = edge(Conversation, "conversation", "Its edge, for a list of them.")


@output_type
class UpdateConversationPayload:
    """The changed conversation."""

    conversation: Conversation = field("As it is now.")


@output_type
class DeleteConversationPayload:
    """What is gone, until restore brings it back."""

    deleted_id: strawberry.ID = field("The conversation that was deleted; restore brings it back, with its tables.")
    deleted_table_ids: list[strawberry.ID] = field("The tables that were deleted with it.")


@output_type
class ForkConversationPayload:
    """The copy."""

    conversation: Conversation = field("The new conversation.")
    conversation_edge: Edge[Conversation] = edge(Conversation, "conversation", "Its edge, for a list of them.")


@strawberry.type
class Query:
    conversation = optional(Conversation, conversations.conversation, "A conversation that you may see.")
    conversations = page(
        Conversation, conversations.list_conversations, "The conversations that you may see, newest first."
    )


@strawberry.type
class Mutation:
    create_conversation = mutation(
        CreateConversationPayload,
        conversations.create_conversation,
        "Begin a conversation without a message.",
    )
    update_conversation = mutation(
        UpdateConversationPayload,
        conversations.update_conversation,
        "Change a conversation; what is not named stays as it is.",
    )
    delete_conversation = mutation(
        DeleteConversationPayload,
        conversations.delete_conversation,
        "Delete a conversation with its messages and end its replies; its tables stay unless you say so.",
    )
    fork_conversation = mutation(
        ForkConversationPayload,
        conversations.fork_conversation,
        "Copy a branch into a new conversation of yours; tables, proposals and costs stay with the first.",
    )
