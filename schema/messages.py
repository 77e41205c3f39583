"""Messages, the mutations that send them, and the stream of a reply."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from db.models import messages as rows
from db.models.ratings import Rating
from resolvers.conversations import attachments, branches, conversations, messages, ratings
from resolvers.proposals import streaming
from schema.attachments import Attachment
from schema.base import Audited, Edge, Node, change, choice, edge, many, maybe, one, says, shows, stream
from schema.conversations import Conversation
from schema.failures import MessageError
from schema.usage import Usage

if TYPE_CHECKING:
    from schema.tables import Proposal
else:  # a message lists its proposals, and a proposal names its message
    Proposal = Annotated["Proposal", strawberry.lazy("schema.tables")]

choice(
    rows.MessageRole,
    SYSTEM="The product itself.",
    USER="A person.",
    ASSISTANT="The assistant: its messages are replies.",
)
choice(
    rows.MessageStatus,
    IN_PROGRESS="It is being written: follow it with replyStream.",
    COMPLETED="It is whole.",
    STOPPED="Somebody ended it; its text is kept.",
    INTERRUPTED="The server stopped while it was written; its text is kept.",
    FAILED="The model failed; `error` says how, and its text is kept.",
)


choice(Rating, UP="It is good.", DOWN="It is not.")


@shows
class Message(Node, Audited, row=rows.Message):
    """Something said in a conversation."""

    conversation = one(Conversation, conversations.conversation_of, "Where it was said.")
    role: rows.MessageRole = says("Who speaks.")
    text: str = says("What was said; of a reply, what is written and saved so far.")
    status: rows.MessageStatus = says("How far it is.")
    parent: "Message | None" = strawberry.field(
        resolver=messages.parent_of, description="The message that it answers or follows."
    )
    siblings: list[strawberry.ID] = strawberry.field(
        resolver=branches.list_siblings,
        description="Its alternatives, oldest first and itself among them: what was said, or replied, in its place.",
    )
    model: str | None = says("What wrote it; null for a person's.")
    usage = maybe(Usage, messages.usage_of, "What it cost; null for a person's message and for the offline assistant.")
    finish_reason: str | None = says("Why the model ended, in its own word, as `stop` or `length`.")
    error = maybe(MessageError, messages.error_of, "Why it failed or was cut short.")
    rating: Rating | None = strawberry.field(
        resolver=ratings.rating_of, description="What you think of it; null when you have not said."
    )
    rating_comment: str | None = strawberry.field(
        resolver=ratings.rating_comment_of, description="Why you think so; null when you have not said."
    )
    attachments = many(Attachment, attachments.list_attachments, "The files that came with it.")
    proposals = many(Proposal, streaming.list_proposals, "The tables that it proposed.")


@shows
class SendMessagePayload:
    """What you said, and the reply that is being written."""

    conversation: Conversation = says("Where it was said; new when none was named.")
    message: Message = says("What you said.")
    reply: Message = says("The reply: IN_PROGRESS with its final id, unless you waited for it.")
    message_edge: Edge[Message] = edge(Message, "message", "The message's edge, for the list of messages.")
    reply_edge: Edge[Message] = edge(Message, "reply", "The reply's edge, for the list of messages.")


@shows
class EditMessagePayload:
    """What is said instead, and the reply that is being written; what was there stays on its own branch."""

    conversation: Conversation = says("Where it was said; its newest branch is this one.")
    message: Message = says("What is said instead: a sibling of the message that was named.")
    reply: Message = says("The reply: IN_PROGRESS with its final id.")
    message_edge: Edge[Message] = edge(Message, "message", "The message's edge, for the list of messages.")
    reply_edge: Edge[Message] = edge(Message, "reply", "The reply's edge, for the list of messages.")


@shows
class RegenerateReplyPayload:
    """Another reply, which is being written; what was there stays on its own branch."""

    conversation = one(Conversation, branches.conversation_of_reply, "Its conversation, whose newest branch is this.")
    reply: Message = says("The reply: IN_PROGRESS with its final id, a sibling of the one before.")
    reply_edge: Edge[Message] = edge(Message, "reply", "The reply's edge, for the list of messages.")


@shows
class RateMessagePayload:
    """The message, with what you think of it."""

    message: Message = says("The message.")


@shows
class StopReplyPayload:
    """The reply as it was left."""

    message: Message = says("The reply, with the text that it had.")


@shows
class ReplyDelta:
    """More of the text of a reply: text[offset : offset + length], in code points."""

    message_id: strawberry.ID = says("The reply.")
    offset: int = says("Where the text goes; 0 begins it anew.")
    text: str = says("What is new.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, messages.Delta)


@shows
class ReplyProposal:
    """A table that the reply proposes, as far as it is read: the same proposal comes again when it has more rows.

    At the end of the reply each comes once more, complete; REJECTED and without rows if it turned out to be no table.
    """

    message_id: strawberry.ID = says("The reply.")
    proposal: Proposal = says("The table, each cell with its source; what came of it before is replaced by it.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, messages.Proposed)


@shows
class ReplyEnded:
    """The reply is over."""

    message: Message = says("The reply; its status and error say how it ended.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, messages.Ended)


ReplyEvent = Annotated[
    ReplyDelta | ReplyProposal | ReplyEnded,
    strawberry.union("ReplyEvent", description="What happens to a reply, in order; ReplyEnded is the last."),
]


@strawberry.type
class Query:
    message = maybe(Message, messages.message, "A message that you may see.")


@strawberry.type
class Mutation:
    send_message = change(
        SendMessagePayload, messages.send_message, "Say something; the reply is written whether or not you follow it."
    )
    edit_message = change(
        EditMessagePayload,
        branches.edit_message,
        "Say something else in the place of a message, on a new branch beside it, and get a reply to it.",
    )
    regenerate_reply = change(
        RegenerateReplyPayload, branches.regenerate_reply, "Get another reply, on a new branch beside the one there is."
    )
    rate_message = change(
        RateMessagePayload, ratings.rate_message, "Say what you think of a message; nobody else sees it."
    )
    stop_reply = change(StopReplyPayload, messages.stop_reply, "End a reply and keep its text.")


@strawberry.type
class Subscription:
    reply_stream = stream(
        ReplyEvent,
        messages.reply_stream,
        "Follow a reply from a place in its text: what is missing, what comes, what it proposes, and its end.",
    )
