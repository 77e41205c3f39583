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
from schema.base import Audited, Edge, Node, change, choice, edge, maybe, one, page, says, shows
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

choice(
    Visibility,
    PRIVATE="The owner, and the admins of its organization.",
    ORGANIZATION="Every member of its organization; the owner and the admins change it.",
)
choice(
    rows.ExtractionMode,
    OFF="Nothing: no tables are looked for.",
    REVIEW="They are proposed, and wait for somebody to apply them.",
    AUTO="They are proposed and applied at once.",
)


@shows
class Conversation(Node, Audited, row=rows.Conversation):
    """People's messages and the assistant's replies to them."""

    title: str = says("What it is called.")
    owner = one(User, organizations.owner_of, "Whose it is.")
    organization = one(Organization, organizations.organization_of, "The organization that it belongs to.")
    site = maybe(Site, sites.site_of, "The site that it is about; null when there is none that you may see.")
    visibility: Visibility = says("Who sees it besides its owner.")
    system_prompt: str = says("What the model is told before everything else.")
    model: str = says("What answers in it.")
    temperature: float | None = says("How freely it answers, 0 to 2; null for the model's own.")
    max_tokens: int | None = says("Longest reply, in tokens; null for the model's own.")
    extraction: rows.ExtractionMode = says("What becomes of the tables that are said.")
    all_messages = page(Message, messages.list_all_messages, "What was said on all branches, oldest first.")
    messages = page(Message, branches.list_messages, "What was said on one branch, oldest first.")
    message_count: int = says("How many messages there are on all branches.")
    last_message_at: datetime | None = says("When the last message was sent.")
    preview: str | None = says("The beginning of the last message that a person sent.")
    usage = one(Usage, usage.usage_of_conversation, "What all replies in it cost, and its title.")
    tables = page(Table, tables.list_tables_of_conversation, "The tables that came out of it.")
    share_url = maybe(
        str,
        share_links.share_url,
        "The link that shows it, as it was when it was shared; null without one.",
    )


@shows
class CreateConversationPayload:
    """The new conversation."""

    conversation: Conversation = says("The new conversation.")
    conversation_edge: Edge[Conversation] = edge(Conversation, "conversation", "Its edge, for a list of them.")


@shows
class UpdateConversationPayload:
    """The changed conversation."""

    conversation: Conversation = says("As it is now.")


@shows
class DeleteConversationPayload:
    """What is gone, until restore brings it back."""

    deleted_id: strawberry.ID = says("The conversation that was deleted; restore brings it back, with its tables.")
    deleted_table_ids: list[strawberry.ID] = says("The tables that were deleted with it.")


@shows
class ForkConversationPayload:
    """The copy."""

    conversation: Conversation = says("The new conversation.")
    conversation_edge: Edge[Conversation] = edge(Conversation, "conversation", "Its edge, for a list of them.")


@strawberry.type
class Query:
    conversation = maybe(Conversation, conversations.conversation, "A conversation that you may see.")
    conversations = page(
        Conversation, conversations.list_conversations, "The conversations that you may see, newest first."
    )


@strawberry.type
class Mutation:
    create_conversation = change(
        CreateConversationPayload,
        conversations.create_conversation,
        "Begin a conversation without a message.",
    )
    update_conversation = change(
        UpdateConversationPayload,
        conversations.update_conversation,
        "Change a conversation; what is not named stays as it is.",
    )
    delete_conversation = change(
        DeleteConversationPayload,
        conversations.delete_conversation,
        "Delete a conversation with its messages and end its replies; its tables stay unless you say so.",
    )
    fork_conversation = change(
        ForkConversationPayload,
        conversations.fork_conversation,
        "Copy a branch into a new conversation of yours; tables, proposals and costs stay with the first.",
    )
