"""Conversations and the mutations that create and change them."""

from datetime import datetime

import strawberry

from db import models
from db.core.base import Visibility
from resolvers.billing import usage
from resolvers.conversations import branches, conversations, messages, share_links
from resolvers.organizations import organizations
from resolvers.sites import sites
from resolvers.tables import tables
from schema.base import Audited, Node, Shows, TypeOf, enum, field, optional, output_type, required
from schema.connections import Edge, edge, page
from schema.operations import mutation
from schema.usage import Usage

enum(
    Visibility,
    PRIVATE="Visible to the owner and the admins of the organization.",
    ORGANIZATION="Visible to every member of the organization; changed only by the owner and the admins.",
)
enum(
    models.conversations.ExtractionMode,
    OFF="Replies are not searched for tables.",
    REVIEW="Tables found in replies are proposed and wait to be applied.",
    AUTO="Tables found in replies are proposed and applied immediately.",
)


@output_type
class Conversation(Node, Audited, Shows[models.conversations.Conversation]):
    """Messages of users and the assistant's replies."""

    title: str = field("Title of the conversation.")
    owner = required(TypeOf[models.users.User], organizations.owner_of, "User who owns the conversation.")
    organization = required(
        TypeOf[models.organizations.Organization],
        organizations.organization_of,
        "Organization that owns the conversation.",
    )
    site = optional(
        TypeOf[models.sites.Site], sites.site_of, "Site the conversation is about; null without one that you may see."
    )
    visibility: Visibility = field("Users who can see the conversation besides its owner.")
    system_prompt: str = field("Instructions that the model gets before all messages.")
    model: str = field("Model that writes the replies, one of `serverInfo.models`.")
    temperature: float | None = field("Sampling temperature, 0 to 2; null for the model's default.")
    max_tokens: int | None = field("Maximum length of a reply, in tokens; null for the model's default.")
    extraction: models.conversations.ExtractionMode = field("Handling of tables found in replies.")
    all_messages = page(
        TypeOf[models.messages.Message], messages.list_all_messages, "Messages of all branches, oldest first."
    )
    messages = page(TypeOf[models.messages.Message], branches.list_messages, "Messages of one branch, oldest first.")
    message_count: int = field("Number of messages on all branches.")
    last_message_at: datetime | None = field("Time of the last message; null before the first.")
    preview: str | None = field("Beginning of the last message sent by a user; null before the first.")
    usage = required(Usage, usage.usage_of_conversation, "Model usage of all replies and of the generated title.")
    tables = page(
        TypeOf[models.tables.Table], tables.list_tables_of_conversation, "Tables created from the conversation."
    )
    share_url = optional(
        str,
        share_links.share_url,
        "Public link to the conversation as it was when shared; null when it is not shared.",
    )


@output_type
class CreateConversationPayload(Shows[conversations.ConversationResult]):
    """Result of `createConversation`."""

    conversation: Conversation = field("The new conversation.")
    conversation_edge: Edge[Conversation] = edge(Conversation, "conversation", "Edge of the conversation, for lists.")


@output_type
class UpdateConversationPayload(Shows[conversations.ConversationResult]):
    """Result of `updateConversation`."""

    conversation: Conversation = field("The conversation after the change.")


@output_type
class DeleteConversationPayload(Shows[conversations.DeleteConversationResult]):
    """Result of `deleteConversation`."""

    deleted_id: strawberry.ID = field("Id of the deleted conversation, for `restore`, which also restores its tables.")
    deleted_table_ids: list[strawberry.ID] = field("Ids of the tables deleted with it.")


@output_type
class ForkConversationPayload(Shows[conversations.ConversationResult]):
    """Result of `forkConversation`."""

    conversation: Conversation = field("The new conversation.")
    conversation_edge: Edge[Conversation] = edge(Conversation, "conversation", "Edge of the conversation, for lists.")


@strawberry.type
class Query:
    conversation = optional(
        Conversation, conversations.conversation, "A conversation by id; null when you may not see it."
    )
    conversations = page(
        Conversation, conversations.list_conversations, "Conversations that you may see, newest first."
    )


@strawberry.type
class Mutation:
    create_conversation = mutation(
        CreateConversationPayload, conversations.create_conversation, "Create a conversation without messages."
    )
    update_conversation = mutation(
        UpdateConversationPayload,
        conversations.update_conversation,
        "Change a conversation. Fields that are not sent keep their values.",
    )
    delete_conversation = mutation(
        DeleteConversationPayload,
        conversations.delete_conversation,
        "Delete a conversation with its messages and stop its replies. Its tables are kept unless requested otherwise.",
    )
    fork_conversation = mutation(
        ForkConversationPayload,
        conversations.fork_conversation,
        "Copy a branch into a new conversation that you own. Tables, proposals and costs are not copied.",
    )
