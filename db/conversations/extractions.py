"""Table extraction from conversations on request: the request, its job and the proposal that the job fills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select

from db.billing import spending
from db.conversations import sending
from db.core.base import now
from db.core.dialect_sql import OneOf
from db.core.idempotency import idempotent
from db.core.prepared import Prepared
from db.core.session import Session
from db.core.validation import checked_text
from db.jobs import control, jobs
from db.models.conversations import Conversation, ExtractionMode
from db.models.jobs import Job, JobStatus
from db.models.messages import Message, MessageStatus
from db.models.proposals import Proposal, ProposalStatus
from db.models.usage import Tokens
from db.models.webhooks import WebhookEvent
from db.proposals import apply, proposals
from db.proposals.proposals import ProposedTable, Source
from db.tables.editing.column_rules import clean_name, validate_columns
from db.tables.editing.edits import Edit
from db.tables.editing.row_upserts import key_columns
from db.tables.tables import MAX_COLUMNS
from db.webhooks.events import record_event
from errors import BadUserInput, Conflict, Mistakes, NotFound
from tables.changes import column_to_json
from tables.types.types import Column

MAX_MESSAGES = 100
UNNAMED = "Table 1"
MAX_INSTRUCTIONS, MAX_EXAMPLE = 2_000, 5_000  # characters
MAX_EXAMPLES, MAX_EXAMPLE_ROWS, MAX_PASSES = 5, 50, 2


@dataclass(frozen=True)
class ExtractionRequest:
    """Messages to read and the table to fill.

    The columns are those of the table `table_id`, else `columns`, else the extraction finds them. Without
    `message_ids` the whole conversation is read.
    """

    conversation_id: UUID | None
    message_ids: Sequence[UUID] | None
    table_id: UUID | None
    name: str | None
    columns: Sequence[Column] | None
    key_columns: Sequence[str]
    mode: ExtractionMode
    instructions: str = ""
    examples: Sequence[Mapping[str, Any]] = ()
    passes: int = 1


class ReadTable(Protocol):
    """A table, and the texts that its cells were read in."""

    @property
    def sources(self) -> Sequence[Source]: ...
    @property
    def table(self) -> ProposedTable: ...


of_jobs: Prepared[Proposal] = Prepared(select(Proposal).where(OneOf(Proposal.job_id)).order_by(Proposal.id))


def start(session: Session, request: ExtractionRequest, idempotency_key: str | None = None) -> Proposal:
    """Create an empty proposal and queue the job that fills it. Raises BadUserInput, NotFound or Conflict."""
    return idempotent(
        session,
        "extractTable",
        idempotency_key,
        create=lambda: _start(session, request),
        result_ids=lambda created: [created.id],
        load=lambda ids: session.get(Proposal, ids[0]),
    )


def _start(session: Session, request: ExtractionRequest) -> Proposal:
    if request.mode is ExtractionMode.OFF:
        raise BadUserInput.of("mode", "OFF is not allowed here. Choose REVIEW to check the rows first, or AUTO.")
    _check_guidance(request)
    conversation = session.get_for_update(Conversation, _conversation(session, request))
    _check_messages(session, conversation, request.message_ids)
    columns, name = _columns_and_name(session, request)
    keys = [column.key for column in key_columns(columns, request.key_columns)] if request.key_columns else []
    places = {column.name.casefold(): key for key, column in columns.items()} if request.table_id else {}
    proposal = Proposal(
        conversation_id=conversation.id,
        table_id=request.table_id,
        status=ProposalStatus.PENDING,
        table_name=name,
        columns=[column_to_json(column) for column in columns.values()],
        changes={"sources": [], "rows": [], "keys": keys, "places": places},
        is_complete=False,
    )
    session.add(proposal)
    ids = None if request.message_ids is None else [id_.hex for id_ in request.message_ids]
    job = jobs.enqueue(
        session,
        "extraction",
        conversation.organization_id,
        proposal_id=proposal.id.hex,
        message_ids=ids,
        is_applied=request.mode is ExtractionMode.AUTO,
        instructions=request.instructions,
        examples=[dict(example) for example in request.examples],
        passes=request.passes,
    )
    proposal.job_id = job.id
    return proposal


def _conversation(session: Session, request: ExtractionRequest) -> UUID:
    if request.conversation_id is not None:
        return request.conversation_id
    if not request.message_ids:
        raise BadUserInput.of("conversationId", "There is nothing to read. Pass conversationId or messageIds.")
    return sending.conversation_of(session, request.message_ids[0])


def _check_guidance(request: ExtractionRequest) -> None:
    with Mistakes() as check:
        check(checked_text, request.instructions, "instructions", MAX_INSTRUCTIONS)
        if len(request.examples) > MAX_EXAMPLES:
            check.add("examples", f"Got {len(request.examples)} examples. Pass at most {MAX_EXAMPLES}.")
        for number, example in enumerate(request.examples[:MAX_EXAMPLES]):
            check(checked_text, example["text"], f"examples.{number}.text", MAX_EXAMPLE)
            if len(example["rows"]) > MAX_EXAMPLE_ROWS or not all(isinstance(row, dict) for row in example["rows"]):
                problem = f"Pass at most {MAX_EXAMPLE_ROWS} rows, each an object by column name."
                check.add(f"examples.{number}.rows", problem)
        if not 1 <= request.passes <= MAX_PASSES:
            check.add("passes", f"Got {request.passes}. Pass 1, or {MAX_PASSES} to look again for missed rows.")


def _check_messages(session: Session, conversation: Conversation, ids: Sequence[UUID] | None) -> None:
    """Raise an error unless all of the messages are finished and belong to the conversation."""
    if ids is None:
        return
    if not 1 <= len(ids) <= MAX_MESSAGES:
        raise BadUserInput.of(
            "messageIds",
            f"Got {len(ids)} messages. Pass 1 to {MAX_MESSAGES}, or leave messageIds out for the whole conversation.",
        )
    query = select(Message).where(Message.id.in_(ids), Message.conversation_id == conversation.id)
    messages = {message.id: message for message in session.scalars(query)}
    for n, id_ in enumerate(ids):
        if id_ not in messages:
            raise NotFound.of(f"messageIds.{n}", "There is no Message with this id in the conversation.")
        if messages[id_].status is MessageStatus.IN_PROGRESS:
            raise Conflict(f"The reply of messageIds.{n} is still being written. Wait for its end.")


def _columns_and_name(session: Session, request: ExtractionRequest) -> tuple[Mapping[str, Column], str]:
    """Return the requested columns by key, and the name of the table."""
    if request.table_id is not None:
        if request.columns is not None or request.name is not None:
            field = "name" if request.columns is None else "columns"
            raise BadUserInput.of(field, f"The table of tableId has its own {field}. Leave {field} out.")
        edit = Edit.of(session, request.table_id)
        return edit.columns, edit.table.name
    name = UNNAMED if request.name is None else clean_name(request.name, "name")
    if request.columns is None:
        if request.key_columns:
            raise BadUserInput.of(
                "keyColumns", "keyColumns needs known columns. Pass columns or tableId too, or leave keyColumns out."
            )
        return {}, name
    if not 1 <= len(request.columns) <= MAX_COLUMNS:
        raise BadUserInput.of("columns", f"Got {len(request.columns)} columns. A table has 1 to {MAX_COLUMNS}.")
    columns = validate_columns(request.columns, (), [f"columns.{n}" for n in range(len(request.columns))])
    return {f"c{n + 1}": replace(column, key=f"c{n + 1}", position=n) for n, column in enumerate(columns)}, name


def update(session: Session, job_id: UUID, attempt: int, sources: Sequence[Source], read: ProposedTable) -> None:
    """Fill the proposal with the rows read so far; cancels the job if the proposal was rejected meanwhile."""
    job = jobs.renew_lease(session, job_id, attempt)
    proposal = _of(session, job)
    if proposal.status is ProposalStatus.PENDING:
        _fill(session, proposal, sources, read)
    else:
        _stop(session, job, proposal)


def reject(session: Session, proposal_id: UUID) -> Proposal:
    """Reject a proposal and cancel the job that still fills it."""
    proposal = proposals.reject(session, proposal_id)
    if proposal.job_id is not None and not proposal.is_complete:
        query = select(Job).where(Job.id == proposal.job_id, Job.finished_at.is_(None)).with_for_update()
        # Another user's job is invisible here. It cancels itself at its next update.
        if (job := session.scalars(query).one_or_none()) is not None:
            _stop(session, job, proposal)
    return proposal


def _stop(session: Session, job: Job, proposal: Proposal) -> None:
    """Cancel a job and complete its proposal."""
    # A worker that still holds the lease settles the actual cost itself.
    if job.leased_until is None or job.leased_until < now():
        spending.settle_extraction(session, job.id, Tokens(), 0)
    jobs.end(session, job, JobStatus.CANCELED)
    proposal.is_complete = True


def _fill(session: Session, proposal: Proposal, sources: Sequence[Source], read: ProposedTable) -> None:
    """Fill a proposal; a new table without a requested name gets the name that was read."""
    if proposal.table_id is None and proposal.table_name == UNNAMED:
        proposal.table_name = read.name
    proposals.replace_rows(session, proposal, sources, read)


def complete(
    session: Session,
    job_id: UUID,
    attempt: int,
    read: Sequence[ReadTable],
    problem: str | None,
) -> None:
    """Finish the job and fill the proposal; AUTO applies its harmless changes, unless it was decided meanwhile.

    Of several tables, each one after the first gets a proposal of its own.
    """
    job = jobs.finish(session, job_id, attempt, JobStatus.COMPLETED)
    proposal = _of(session, job)
    proposal.is_complete, proposal.problem = True, problem
    if proposal.status is not ProposalStatus.PENDING or not read:
        return
    first, *others = read
    _fill(session, proposal, first.sources, first.table)
    proposed = [proposal]
    for other in others:
        proposed.append(
            proposals.propose(
                session, proposal.conversation_id, None, other.sources, other.table, table_id=proposal.table_id
            )
        )
        proposed[-1].job_id = job.id
    conversation = session.get(Conversation, proposal.conversation_id)
    for one in proposed:
        record_event(session, WebhookEvent.PROPOSAL_READY, one, conversation, one.table_id)
    if job.arguments["is_applied"]:
        for one in proposed:
            if one.changes["rows"]:
                apply.apply_without_overwriting(session, one)


def _of(session: Session, job: Job) -> Proposal:
    return session.get(Proposal, UUID(job.arguments["proposal_id"]))


def _on_job_failed(session: Session, job: Job) -> None:
    """Complete the proposal of a failed job with the rows read so far and the error."""
    spending.settle_extraction(session, job.id, Tokens(), 0)
    proposal = session.scalars(select(Proposal).where(Proposal.id == UUID(job.arguments["proposal_id"]))).one_or_none()
    if proposal is not None:
        proposal.is_complete, proposal.problem = True, job.error_message


def _cancel(session: Session, job: Job) -> None:
    proposal = session.get_for_update(Proposal, UUID(job.arguments["proposal_id"]))
    _stop(session, job, proposal)
    proposal.problem = "The extraction was canceled."


jobs.on_final_failure("extraction", _on_job_failed)
# The cost of a job is reserved and settled once, so a second run would not be paid for.
control.register("extraction", cancel=_cancel, retry="An extraction is not repeated. Start another: `extractTable`.")
