"""Messages, the mutations that send them, and the stream of a reply."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import messages as rows
from db.models.ratings import Rating
from resolvers.conversations import attachments, branches, conversations, messages, ratings
from resolvers.conversations.messages import edit_message
from resolvers.conversations.replies import (
    Delta,
    Ended,
    Proposed,
    conversation_of_reply,
    regenerate_reply,
    reply_stream,
    stop_reply,
)
from resolvers.proposals import streaming
from schema.attachments import Attachment
from schema.base import (
    Audited,
    Edge,
    Node,
    edge,
    enum,
    field,
    list_of,
    mutation,
    optional,
    output_type,
    required,
    subscription,
)
from schema.conversations import Conversation
from schema.failures import MessageError
from schema.usage import Usage

if TYPE_CHECKING:
    from schema.tables import Proposal
else:  # a message lists its proposals, and a proposal names its message
    Proposal = Annotated["Proposal", strawberry.lazy("schema.tables")]

enum(
    rows.MessageRole,
    SYSTEM="The product itself.",
    USER="A person.",
    ASSISTANT="The assistant: its messages are replies.",
)
enum(
    rows.MessageStatus,
    IN_PROGRESS="It is being written: follow it with replyStream.",
    COMPLETED="It is whole.",
    STOPPED="Somebody ended it; its text is kept.",
    INTERRUPTED="The server stopped while it was written; its text is kept.",
    FAILED="The model failed; `error` says how, and its text is kept.",
)


enum(Rating, UP="It is good.", DOWN="It is not.")


@output_type
class Message(Node, Audited, row=rows.Message):
    """Something said in a conversation."""

    conversation = required(Conversation, conversations.conversation_of, "Where it was said.")
    role: rows.MessageRole = field("Who speaks.")
    text: str = field("What was said; of a reply, what is written and saved so far.")
    status: rows.MessageStatus = field("How far it is.")
    parent: "Message | None" = strawberry.field(
        resolver=messages.parent_of, description="The message that it answers or follows."
    )
    siblings: list[strawberry.ID] = strawberry.field(
        resolver=branches.list_siblings,
        description="Its alternatives, oldest first and itself among them: what was said, or replied, in its place.",
    )
    model: str | None = field("What wrote it; null for a person's.")
    usage = optional(
        Usage, messages.usage_of, "What it cost; null for a person's message and for the offline assistant."
    )
    finish_reason: str | None = field("Why the model ended, in its own word, as `stop` or `length`.")
    error = optional(MessageError, messages.error_of, "Why it failed or was cut short.")
    rating: Rating | None = strawberry.field(
        resolver=ratings.rating_of, description="What you think of it; null when you have not said."
    )
    rating_comment: str | None = strawberry.field(
        resolver=ratings.rating_comment_of, description="Why you think so; null when you have not said."
    )
    attachments = list_of(Attachment, attachments.list_attachments, "The files that came with it.")
    proposals = list_of(Proposal, streaming.list_proposals, "The tables that it proposed.")


@output_type
class SendMessagePayload:
    """What you said, and the reply that is being written."""

    conversation: Conversation = field("Where it was said; new when none was named.")
    message: Message = field("What you said.")
    reply: Message = field("The reply: IN_PROGRESS with its final id, unless you waited for it.")
    message_edge: Edge[Message] = edge(Message, "message", "The message's edge, for the list of messages.")
    reply_edge: Edge[Message] = edge(Message, "reply", "The reply's edge, for the list of messages.")


@output_type
class EditMessagePayload:
    """What is said instead, and the reply that is being written; what was there stays on its own branch."""

    conversation: Conversation = field("Where it was said; its newest branch is this one.")
    message: Message = field("What is said instead: a sibling of the message that was named.")
    reply: Message = field("The reply: IN_PROGRESS with its final id.")
    message_edge: Edge[Message] = edge(Message, "message", "The message's edge, for the list of messages.")
    reply_edge: Edge[Message] = edge(Message, "reply", "The reply's edge, for the list of messages.")


@output_type
class RegenerateReplyPayload:
    """Another reply, which is being written; what was there stays on its own branch."""

    conversation = required(Conversation, conversation_of_reply, "Its conversation, whose newest branch is this.")
    reply: Message = field("The reply: IN_PROGRESS with its final id, a sibling of the one before.")
    reply_edge: Edge[Message] = edge(Message, "reply", "The reply's edge, for the list of messages.")


@output_type
class RateMessagePayload:
    """The message, with what you think of it."""

    message: Message = field("The message.")


@output_type
class StopReplyPayload:
    """The reply as it was left."""

    message: Message = field("The reply, with the text that it had.")


@output_type
class ReplyDelta:
    """More of the text of a reply: text[offset : offset + length], in code points."""

    message_id: strawberry.ID = field("The reply.")
    offset: int = field("Where the text goes; 0 begins it anew.")
    text: str = field("What is new.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Delta)


@output_type
class ReplyProposal:
    """A table that the reply proposes, as far as it is read: the same proposal comes again when it has more rows.

    At the end of the reply each comes once more, complete; REJECTED and without rows if it turned out to be no table.
    """

    message_id: strawberry.ID = field("The reply.")
    proposal: Proposal = field("The table, each cell with its source; what came of it before is replaced by it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Proposed)


@output_type
class ReplyEnded:
    """The reply is over."""

    message: Message = field("The reply; its status and error say how it ended.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, Ended)


ReplyEvent = Annotated[
    ReplyDelta | ReplyProposal | ReplyEnded,
    strawberry.union("ReplyEvent", description="What happens to a reply, in order; ReplyEnded is the last."),
]


@strawberry.type
class Query:
    message = optional(Message, messages.message, "A message that you may see.")


@strawberry.type
class Mutation:
    send_message = mutation(
        SendMessagePayload, messages.send_message, "Say something; the reply is written whether or not you follow it."
    )
    edit_message = mutation(
        EditMessagePayload,
        edit_message,
        "Say something else in the place of a message, on a new branch beside it, and get a reply to it.",
    )
    regenerate_reply = mutation(
        RegenerateReplyPayload, regenerate_reply, "Get another reply, on a new branch beside the one there is."
    )
    rate_message = mutation(
        RateMessagePayload, ratings.rate_message, "Say what you think of a message; nobody else sees it."
    )
    stop_reply = mutation(StopReplyPayload, stop_reply, "End a reply and keep its text.")


@strawberry.type
class Subscription:
    reply_stream = subscription(
        ReplyEvent,
        reply_stream,
        "Follow a reply from a place in its text: what is missing, what comes, what it proposes, and its end.",
    )
