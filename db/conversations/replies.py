"""Replies of the assistant: their beginning, checkpoints and end."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from db.billing import spending
from db.billing.usage import Models
from db.conversations.segments import columns_after
from db.core.base import now
from db.core.events import ReplyStopped
from db.core.session import Session
from db.core.sqlite_writer import short
from db.jobs import control, jobs
from db.models.conversations import Conversation
from db.models.jobs import Job, JobStatus
from db.models.messages import Message, MessageRole, MessageStatus
from db.models.proposals import Proposal
from db.models.usage import Tokens
from db.models.webhooks import WebhookEvent
from db.notifications.notifications import REPLY_FAILED, REPLY_FINISHED, notify
from db.proposals import streaming
from db.webhooks.events import global_id, record_event
from errors import BadUserInput

INTERRUPTED = "The server stopped while it wrote this reply. Send the message again."


@dataclass(frozen=True)
class ReplyOutcome:
    """Final state of a reply; a `text` of None keeps the last checkpoint, `tokens` of None are estimated."""

    status: MessageStatus
    text: str | None = None
    finish_reason: str | None = None
    tokens: Tokens | None = None
    cost_nanos: int = 0
    error_code: str | None = None
    error_message: str | None = None
    error_retryable: bool = False
    error_retry_at: datetime | None = None


def begin(
    session: Session,
    conversation: Conversation,
    message: Message,
    model: str,
    models: Models,
    table_id: UUID | None,
) -> Message:
    """Create a reply to `message`, queue its job and reserve its maximum cost; the conversation must be locked.

    Raises BudgetExceeded if the organization's hard budget has too little left.
    """
    reply = Message(
        conversation_id=conversation.id,
        role=MessageRole.ASSISTANT,
        text="",
        status=MessageStatus.IN_PROGRESS,
        model=model,
        **columns_after(session, conversation, message, "messageId"),
    )
    arguments = {"reply_id": reply.id.hex, "table_id": table_id and table_id.hex}
    reply.job_id = jobs.enqueue(session, "reply", conversation.organization_id, **arguments).id
    session.add(reply)
    conversation.message_count += 1
    conversation.leaf_id, conversation.last_message_at = reply.id, now()
    if (terms := models[model]) is not None:
        spending.reserve_reply(session, conversation, reply.id, model, terms, message.text)
    return reply


@short
def stop(session: Session, id_: UUID) -> Message:
    """Stop a reply: one in the queue at once, one that is being written through an event to its worker.

    Raises BadUserInput for a user's message.
    """
    job = _job_of(session, id_)
    message = session.get(Message, id_)
    session.get_for_update(Conversation, message.conversation_id)
    if message.role is not MessageRole.ASSISTANT:
        raise BadUserInput.of("messageId", "This is a user's message. Pass the id of the reply to stop.")
    if message.status is not MessageStatus.IN_PROGRESS or message.job_id is None:
        return message
    if job is not None and job.status is not JobStatus.RUNNING:
        if job.finished_at is None:
            jobs.end(session, job, JobStatus.CANCELED)
        message.status = MessageStatus.STOPPED
        settle(session, message)
    session.emit(ReplyStopped(message.job_id))
    return message


def _job_of(session: Session, id_: UUID) -> Job | None:
    """Return the job of a reply, locked; None if the viewer does not see it."""
    # The worker locks the job first too: another order of locks would deadlock.
    query = select(Job).join(Message, Message.job_id == Job.id).where(Message.id == id_)
    return session.scalars(query.with_for_update(of=Job)).one_or_none()


@short
def checkpoint(session: Session, id_: UUID, job_id: UUID, attempt: int, text: str) -> None:
    """Store the text written so far, if this attempt still holds the job."""
    jobs.renew_lease(session, job_id, attempt)
    session.get(Message, id_).text = text


def finish(session: Session, id_: UUID, job_id: UUID, attempt: int, outcome: ReplyOutcome) -> Message:
    """Finish a reply and its job in one transaction."""
    job_status = {
        MessageStatus.COMPLETED: JobStatus.COMPLETED,
        MessageStatus.STOPPED: JobStatus.CANCELED,
    }.get(outcome.status, JobStatus.FAILED)
    jobs.finish(session, job_id, attempt, job_status)
    message = session.get(Message, id_)
    message.text = message.text if outcome.text is None else outcome.text
    message.status, message.finish_reason = outcome.status, outcome.finish_reason
    message.error_code, message.error_message = outcome.error_code, outcome.error_message
    message.error_retryable, message.error_retry_at = outcome.error_retryable, outcome.error_retry_at
    settle(session, message, outcome.tokens, outcome.cost_nanos)
    return message


def settle(session: Session, message: Message, counted: Tokens | None = None, cost_nanos: int = 0) -> None:
    """Complete the proposals of a finished reply, settle its cost and record the tokens in the message."""
    streaming.complete(session, message.id)
    _tell_webhooks(session, message)
    if message.job_id is not None:
        spending.settle_extraction(session, message.job_id, Tokens(), 0)
    charged = spending.settle_reply(session, message.id, counted, cost_nanos, message.text)
    if charged is not None:
        tokens, message.cost_nanos = charged
        message.input_tokens, message.output_tokens = tokens.input, tokens.output
        message.cached_tokens, message.reasoning_tokens = tokens.cached, tokens.reasoning
        message.usage_estimated = tokens.is_estimated


def _tell_webhooks(session: Session, message: Message) -> None:
    """Tell webhooks that a reply has ended, and which proposals it made."""
    query = select(Conversation).where(Conversation.id == message.conversation_id)
    conversation = session.scalars(query).one_or_none()
    if conversation is None:
        return
    data = {"conversationId": global_id(Conversation, conversation.id)}
    record_event(session, WebhookEvent.REPLY_ENDED, message, conversation, None, status=message.status.value, **data)
    for proposal in session.scalars(select(Proposal).where(Proposal.message_id == message.id)):
        record_event(session, WebhookEvent.PROPOSAL_READY, proposal, conversation, proposal.table_id, **data)


def notify_requester(session: Session, reply: Message) -> None:
    """Notify the viewer, who requested the reply, that it finished or failed, but not that it was stopped."""
    title = session.get(Conversation, reply.conversation_id).title
    if reply.status is MessageStatus.COMPLETED:
        notify(session, session.user_id, REPLY_FINISHED, f"The reply in {title} is finished", reply)
    elif reply.status is not MessageStatus.STOPPED:
        notify(session, session.user_id, REPLY_FAILED, f"The reply in {title} {reply.status.lower()}", reply)


def _on_job_failed(session: Session, job: Job) -> None:
    """End a reply whose job failed, so that the conversation can go on; the text of the last checkpoint stays.

    A reply whose workers crashed repeatedly is INTERRUPTED, any other FAILED.
    """
    message = session.scalars(select(Message).where(Message.id == UUID(job.arguments["reply_id"]))).one_or_none()
    if message is not None and message.status is MessageStatus.IN_PROGRESS:
        if job.crashes >= jobs.MAX_CRASHES and job.error_code == jobs.CRASHED:
            message.status = MessageStatus.INTERRUPTED
            message.error_code, message.error_message = "INTERRUPTED", INTERRUPTED
        else:
            message.status = MessageStatus.FAILED
            message.error_code, message.error_message = job.error_code, job.error_message
        message.error_retryable = job.error_retryable
        settle(session, message)
        query = select(Conversation).where(Conversation.id == message.conversation_id)
        if (conversation := session.scalars(query).one_or_none()) is not None:
            title = f"The reply in {conversation.title} {message.status.lower()}"
            notify(session, job.owner_id, REPLY_FAILED, title, message)


jobs.on_final_failure("reply", _on_job_failed)
control.register(
    "reply",
    cancel=lambda session, job: stop(session, UUID(job.arguments["reply_id"])),
    retry="A reply is not written twice. Ask for another one with `regenerateReply`.",
)
