"""Replies of the assistant: the mutations that regenerate and stop them, and the stream of their events."""

import strawberry

from db import models
from resolvers.conversations import replies
from schema.base import Shows, TypeOf, field, output_type, required
from schema.connections import Edge, edge
from schema.messages import Message
from schema.operations import mutation, subscription, union


@output_type
class RegenerateReplyPayload(Shows[replies.RegenerateReplyResult]):
    """Result of `regenerateReply`."""

    conversation = required(
        TypeOf[models.conversations.Conversation],
        replies.conversation_of_reply,
        "Conversation of the reply, with the new branch as its newest.",
    )
    reply: Message = field("The new reply with its final id, IN_PROGRESS; a sibling of the earlier one.")
    reply_edge: Edge[Message] = edge(Message, "reply", "Edge of the reply, for lists.")


@output_type
class StopReplyPayload(Shows[replies.StopReplyResult]):
    """Result of `stopReply`."""

    message: Message = field("The stopped reply with the text written so far.")


@output_type
class ReplyDelta(Shows[replies.DeltaEvent]):
    """A new part of a reply's text, which goes to text[offset : offset + length], in code points."""

    message_id: strawberry.ID = field("Id of the reply.")
    offset: int = field("Position of the part in the text, in code points; 0 restarts the text.")
    text: str = field("The new part of the text.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, replies.DeltaEvent)


@output_type
class ReplyProposal(Shows[replies.ProposalEvent]):
    """A table that the reply proposes, as far as it has been read; sent again whenever it has more rows.

    At the end of the reply each proposal is sent once more, complete. It is REJECTED and has no rows when it turned
    out not to be a table.
    """

    message_id: strawberry.ID = field("Id of the reply.")
    proposal: TypeOf[models.proposals.Proposal] = field("The proposal so far; it replaces the one sent before.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, replies.ProposalEvent)


@output_type
class ReplyEnded(Shows[replies.EndedEvent]):
    """The end of a reply."""

    message: Message = field("The reply; its `status` and `error` tell the outcome.")

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        return isinstance(value, replies.EndedEvent)


ReplyEvent = union(
    "ReplyEvent", ReplyDelta, ReplyProposal, ReplyEnded, "Event of a reply, in order; ReplyEnded is the last one."
)


@strawberry.type
class Mutation:
    regenerate_reply = mutation(
        RegenerateReplyPayload,
        replies.regenerate_reply,
        "Start another reply to the same message, on a new branch beside the existing one.",
    )
    stop_reply = mutation(StopReplyPayload, replies.stop_reply, "Stop a reply and keep the text written so far.")


@strawberry.type
class Subscription:
    reply_stream = subscription(
        ReplyEvent,
        replies.reply_stream,
        "Follow a reply from a position in its text: the missing text, new text, proposed tables, and the end.",
        position=replies.position_of,
    )
