"""Messages with their attachments, and the mutations that send and edit them."""

import strawberry

from db import models
from db.conversations.messages import Exchange
from resolvers.conversations import attachments, branches, conversations, messages, ratings
from resolvers.proposals import streaming
from schema.base import Audited, Node, Shows, TypeOf, enum, field, list_of, optional, output_type, required
from schema.connections import Edge, edge
from schema.jobs import MessageError
from schema.operations import mutation
from schema.usage import Usage

enum(
    models.messages.MessageRole,
    SYSTEM="Written by the server.",
    USER="Written by a user.",
    ASSISTANT="Written by the assistant: a reply.",
)
enum(
    models.messages.MessageStatus,
    IN_PROGRESS="Being written; follow it with `replyStream`.",
    COMPLETED="Complete.",
    STOPPED="Stopped by a user; the text written so far is kept.",
    INTERRUPTED="Interrupted by a stop of the server; the text written so far is kept.",
    FAILED="Ended by a failure of the model, see `error`; the text written so far is kept.",
)
enum(models.ratings.Rating, UP="Good.", DOWN="Not good.")


@output_type
class Attachment(Node, Shows[models.attachments.Attachment]):
    """A file attached to a message."""

    name: str = field("File name given by the sender.")
    content_type: str = field("MIME type, detected from the content.")
    size: int = field("Size in bytes.")
    url = required(str, attachments.url_of, "Download link, created for this response; it expires.")
    text = optional(
        str, attachments.text_of, "Text extracted on upload, at most 1,000,000 characters; null for an image."
    )


@output_type
class Message(Node, Audited, Shows[models.messages.Message]):
    """A message of a user or a reply of the assistant."""

    conversation = required(
        TypeOf[models.conversations.Conversation],
        conversations.conversation_of,
        "Conversation that contains the message.",
    )
    role: models.messages.MessageRole = field("Author: user, assistant or server.")
    text: str = field("Text of the message; of a reply in progress, the part saved so far.")
    status: models.messages.MessageStatus = field("Progress of the message; always COMPLETED for a user's message.")
    parent = optional(
        TypeOf[models.messages.Message], messages.parent_of, "Message that this one follows; null for the first."
    )
    siblings = list_of(
        strawberry.ID,
        branches.list_siblings,
        "Ids of the alternative messages at this position, oldest first, including this one.",
    )
    model: str | None = field("Model that wrote the reply; null for a user's message.")
    usage = optional(
        Usage, messages.usage_of, "Model usage of the reply; null for a user's message and for the offline assistant."
    )
    finish_reason: str | None = field("Provider's reason for the end of the reply, for example `stop` or `length`.")
    error = optional(MessageError, messages.error_of, "Failure that ended the reply; null if there was none.")
    rating = optional(
        models.ratings.Rating, ratings.rating_of, "Your rating of the message; null if you have not rated it."
    )
    rating_comment = optional(
        str, ratings.rating_comment_of, "Your comment on the rating; null if you have not written one."
    )
    attachments = list_of(Attachment, attachments.list_attachments, "Files attached to the message.")
    proposals = list_of(TypeOf[models.proposals.Proposal], streaming.list_proposals, "Tables that the reply proposes.")


@output_type
class SendMessagePayload(Shows[Exchange]):
    """Result of `sendMessage`."""

    conversation: TypeOf[models.conversations.Conversation] = field(
        "Conversation of the message, newly created when the input names none."
    )
    message: Message = field("The message you sent.")
    reply: Message = field("Reply with its final id; IN_PROGRESS unless `wait` was requested.")
    message_edge: Edge[Message] = edge(Message, "message", "Edge of the message, for lists.")
    reply_edge: Edge[Message] = edge(Message, "reply", "Edge of the reply, for lists.")


@output_type
class EditMessagePayload(Shows[Exchange]):
    """Result of `editMessage`."""

    conversation: TypeOf[models.conversations.Conversation] = field(
        "Conversation of the message, with the new branch as its newest."
    )
    message: Message = field("The new message, a sibling of the edited one.")
    reply: Message = field("Reply with its final id, IN_PROGRESS.")
    message_edge: Edge[Message] = edge(Message, "message", "Edge of the message, for lists.")
    reply_edge: Edge[Message] = edge(Message, "reply", "Edge of the reply, for lists.")


@strawberry.type
class Query:
    message = optional(Message, messages.message, "A message by id; null when you may not see it.")


@strawberry.type
class Mutation:
    send_message = mutation(
        SendMessagePayload,
        messages.send_message,
        "Send a message and start a reply. The reply is written even if no client follows it.",
    )
    edit_message = mutation(
        EditMessagePayload,
        messages.edit_message,
        "Send a different text in place of a message, on a new branch, and start a reply to it. The original stays "
        "on its own branch.",
    )
