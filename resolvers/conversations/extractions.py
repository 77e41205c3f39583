"""Extraction of tables from conversations."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import strawberry
from strawberry import argument
from strawberry.scalars import JSON

from db.conversations import extractions
from db.conversations.extractions import ExtractionRequest
from db.core.events import JobChanged
from db.models.conversations import Conversation, ExtractionMode
from db.models.messages import Message
from db.models.proposals import Proposal
from db.models.tables import Table
from resolvers.core.context import Context, IdempotencyKey, Info
from resolvers.core.ids import decode_id, decode_optional_id
from resolvers.tables.tables import ColumnInput, forget_columns

WAIT_SECONDS, IDLE_SECONDS = 60.0, 1.0


@dataclass(frozen=True)
class ExtractTableResult:
    proposal: Proposal
    proposals: list[Proposal]


@strawberry.input(description="A text and the rows that are to be read from it, as a model for the real text.")
class ExtractionExampleInput:
    text: str = strawberry.field(description="Text of the example: at most 5,000 characters.")
    rows: list[JSON] = strawberry.field(
        description='Rows of the example, each an object by column name, such as `{"Item": "Tea"}`: at most 50.'
    )


async def extract_table(
    info: Info,
    conversation_id: Annotated[
        strawberry.ID | None,
        argument(description="Id of the conversation to read; optional when `messageIds` is given."),
    ] = None,
    message_ids: Annotated[
        list[strawberry.ID] | None,
        argument(
            description="Ids of the messages to read, with their files: at most 100. The newest branch of the "
            "conversation when omitted.",
        ),
    ] = None,
    table_id: Annotated[
        strawberry.ID | None,
        argument(description="Id of the table to propose rows for; a new table is proposed when omitted."),
    ] = None,
    name: Annotated[str | None, argument(description="Name of a new table: 1 to 100 characters.")] = None,
    columns: Annotated[
        list[ColumnInput] | None, argument(description="Columns of a new table; detected from the text when omitted.")
    ] = None,
    key_columns: Annotated[
        list[strawberry.ID] | None,
        argument(
            description="Keys or names of the columns whose values identify a row; the first unique column when "
            "omitted.",
        ),
    ] = None,
    mode: Annotated[
        ExtractionMode,
        argument(description="REVIEW only proposes; AUTO also applies the changes that overwrite no value."),
    ] = ExtractionMode.REVIEW,
    instructions: Annotated[
        str,
        argument(description='Instructions for the model, such as "one row per invoice": at most 2,000 characters.'),
    ] = "",
    examples: Annotated[
        list[ExtractionExampleInput] | None, argument(description="Worked examples for the model: at most 5.")
    ] = None,
    passes: Annotated[
        int, argument(description="1, or 2 to have the model look a second time for rows that it missed.")
    ] = 1,
    wait: Annotated[
        bool,
        argument(
            description="Wait until everything is read, at most 60 seconds; false returns a proposal that is still "
            "empty.",
        ),
    ] = True,
    idempotency_key: IdempotencyKey = None,
) -> ExtractTableResult:
    request = ExtractionRequest(
        decode_optional_id(conversation_id, Conversation),
        None
        if message_ids is None
        else [decode_id(id_, Message, f"messageIds.{n}") for n, id_ in enumerate(message_ids)],
        decode_optional_id(table_id, Table),
        name,
        None if columns is None else [column.column() for column in columns],
        key_columns or [],
        mode,
        instructions,
        [{"text": example.text, "rows": example.rows} for example in examples or ()],
        passes,
    )
    proposal = await info.context.write(extractions.start, request, idempotency_key)
    if wait:
        proposal = await _wait_until_read(info.context, proposal)
    forget_columns(info.context)
    of_job = await info.context.fresh().read(extractions.of_jobs, ids=[proposal.job_id]) if proposal.job_id else []
    return ExtractTableResult(proposal, [proposal, *(other for other in of_job if other.id != proposal.id)])


async def _wait_until_read(context: Context, proposal: Proposal) -> Proposal:
    """Return the proposal when it is complete, or its present state after WAIT_SECONDS."""
    if proposal.is_complete or proposal.job_id is None:
        return proposal
    with suppress(TimeoutError), context.backend.hub.subscribe(JobChanged(proposal.job_id)) as changed:
        async with asyncio.timeout(WAIT_SECONDS):
            while not proposal.is_complete:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await changed.wait()
                changed.clear()
                proposal = await context.fresh().by_id(Proposal, proposal.id) or proposal
    return proposal
