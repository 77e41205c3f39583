"""Tables that people ask to have read out of a conversation: what is wanted, what is read, how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select

from db.billing import spending
from db.conversations import sending
from db.core.base import now
from db.core.idempotency import idempotent
from db.core.session import Session
from db.jobs import jobs
from db.models.conversations import Conversation, ExtractionMode
from db.models.jobs import Job, JobStatus
from db.models.messages import Message, MessageStatus
from db.models.proposals import Proposal, ProposalStatus
from db.models.usage import Tokens
from db.proposals import apply, proposals
from db.proposals.proposals import ProposedTable, Source
from db.tables.editing.column_rules import checked, checked_name
from db.tables.editing.edits import Edit
from db.tables.editing.row_upserts import key_columns
from db.tables.tables import MAX_COLUMNS
from errors import BadUserInput, Conflict, NotFound
from tables.changes import definition
from tables.types.types import Column

MAX_MESSAGES = 100
UNNAMED = "Table 1"


@dataclass(frozen=True)
class ExtractionRequest:
    """What to read, and into what: the columns of a table that is there, the given ones, or such as are found."""

    conversation_id: UUID | None
    message_ids: Sequence[UUID] | None
    table_id: UUID | None
    name: str | None
    columns: Sequence[Column] | None
    key_columns: Sequence[str]
    mode: ExtractionMode


def start(session: Session, request: ExtractionRequest, idempotency_key: str | None = None) -> Proposal:
    """A proposal that is still empty, and the job that fills it."""
    return idempotent(
        session,
        "extractTable",
        idempotency_key,
        create=lambda: _start(session, request),
        result_ids=lambda made: [made.id],
        load=lambda ids: session.get(Proposal, ids[0]),
    )


def _start(session: Session, asked: ExtractionRequest) -> Proposal:
    if asked.mode is ExtractionMode.OFF:
        raise BadUserInput.of("mode", "Choose REVIEW, to look at it first, or AUTO.")
    conversation = session.get_for_update(Conversation, _conversation(session, asked))
    _check_messages(session, conversation, asked.message_ids)
    columns, name = _columns_and_name(session, asked)
    keys = [column.key for column in key_columns(columns, asked.key_columns)] if asked.key_columns else []
    places = {column.name.casefold(): key for key, column in columns.items()} if asked.table_id else {}
    proposal = Proposal(
        conversation_id=conversation.id,
        table_id=asked.table_id,
        status=ProposalStatus.PENDING,
        table_name=name,
        columns=[definition(column) for column in columns.values()],
        changes={"sources": [], "rows": [], "keys": keys, "places": places},
        is_complete=False,
    )
    session.add(proposal)
    ids = None if asked.message_ids is None else [id_.hex for id_ in asked.message_ids]
    job = jobs.enqueue(
        session,
        "extraction",
        conversation.organization_id,
        proposal_id=proposal.id.hex,
        message_ids=ids,
        is_applied=asked.mode is ExtractionMode.AUTO,
    )
    proposal.job_id = job.id
    return proposal


def _conversation(session: Session, asked: ExtractionRequest) -> UUID:
    if asked.conversation_id is not None:
        return asked.conversation_id
    if not asked.message_ids:
        raise BadUserInput.of("conversationId", "Name the conversation, or the messages in it, that are to be read.")
    return sending.conversation_of(session, asked.message_ids[0])


def _check_messages(session: Session, conversation: Conversation, ids: Sequence[UUID] | None) -> None:
    """Those of the conversation, all of them said to their end."""
    if ids is None:
        return
    if not 1 <= len(ids) <= MAX_MESSAGES:
        raise BadUserInput.of("messageIds", f"Name 1 to {MAX_MESSAGES} messages, or none for the whole conversation.")
    query = select(Message).where(Message.id.in_(ids), Message.conversation_id == conversation.id)
    found = {message.id: message for message in session.scalars(query)}
    for n, id_ in enumerate(ids):
        if id_ not in found:
            raise NotFound.of(f"messageIds.{n}", "There is no such message in this conversation.")
        if found[id_].status is MessageStatus.IN_PROGRESS:
            raise Conflict(f"messageIds.{n}: this reply is still being written: wait for its end.")


def _columns_and_name(session: Session, asked: ExtractionRequest) -> tuple[Mapping[str, Column], str]:
    """The columns by key, and what the table is called."""
    if asked.table_id is not None:
        if asked.columns is not None or asked.name is not None:
            field = "name" if asked.columns is None else "columns"
            raise BadUserInput.of(field, "The table of tableId has its own: leave this out.")
        edit = Edit.of(session, asked.table_id)
        return edit.columns, edit.table.name
    name = UNNAMED if asked.name is None else checked_name(asked.name, "name")
    if asked.columns is None:
        if asked.key_columns:
            raise BadUserInput.of("keyColumns", "Give the columns, or a table that has some: these are not known yet.")
        return {}, name
    if not 1 <= len(asked.columns) <= MAX_COLUMNS:
        raise BadUserInput.of("columns", f"A table has 1 to {MAX_COLUMNS} columns.")
    given = checked(asked.columns, (), [f"columns.{n}" for n in range(len(asked.columns))])
    return {f"c{n + 1}": replace(column, key=f"c{n + 1}", position=n) for n, column in enumerate(given)}, name


def update(session: Session, job_id: UUID, attempt: int, sources: Sequence[Source], read: ProposedTable) -> None:
    """Show what was read so far."""
    job = jobs.hold(session, job_id, attempt)
    proposal = _of(session, job)
    if proposal.status is ProposalStatus.PENDING:
        _fill(session, proposal, sources, read)
    else:
        _stop(session, job, proposal)


def reject(session: Session, proposal_id: UUID) -> Proposal:
    """Put a proposal aside; one that is still being read is read no further."""
    proposal = proposals.reject(session, proposal_id)
    if proposal.job_id is not None and not proposal.is_complete:
        query = select(Job).where(Job.id == proposal.job_id, Job.finished_at.is_(None)).with_for_update()
        # Whose job it is not cannot see it: then it ends itself when it has more rows to show.
        if (job := session.scalars(query).one_or_none()) is not None:
            _stop(session, job, proposal)
    return proposal


def _stop(session: Session, job: Job, proposal: Proposal) -> None:
    """Nobody wants to know any more. Who reads settles what it cost; nobody does when nobody holds the job."""
    if job.leased_until is None or job.leased_until < now():
        spending.settle_extraction(session, job.id, Tokens(), 0)
    jobs.end(session, job, JobStatus.CANCELED)
    proposal.is_complete = True


def _fill(session: Session, proposal: Proposal, sources: Sequence[Source], read: ProposedTable) -> None:
    """What was read; a table that is new and that nobody has named has the name that was found for it."""
    if proposal.table_id is None and proposal.table_name == UNNAMED:
        proposal.table_name = read.name
    proposals.fill(session, proposal, sources, read)


def complete(
    session: Session,
    job_id: UUID,
    attempt: int,
    sources: Sequence[Source],
    read: ProposedTable | None,
    problem: str | None,
) -> None:
    """End the job with all that was read; applied, when that was asked for and nobody has put it aside meanwhile."""
    job = jobs.finish(session, job_id, attempt, JobStatus.COMPLETED)
    proposal = _of(session, job)
    proposal.is_complete, proposal.problem = True, problem
    if proposal.status is not ProposalStatus.PENDING or read is None:
        return
    _fill(session, proposal, sources, read)
    if job.arguments["is_applied"] and read.rows:
        apply.apply_harmless(session, proposal)


def _of(session: Session, job: Job) -> Proposal:
    return session.get(Proposal, UUID(job.arguments["proposal_id"]))


def _on_job_failed(session: Session, job: Job) -> None:
    """What was read stays; nobody reads on."""
    spending.settle_extraction(session, job.id, Tokens(), 0)
    proposal = session.scalars(select(Proposal).where(Proposal.id == UUID(job.arguments["proposal_id"]))).one_or_none()
    if proposal is not None:
        proposal.is_complete, proposal.problem = True, job.error_message


jobs.when_given_up("extraction", _on_job_failed)
