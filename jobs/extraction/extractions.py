"""Extraction of tables from a conversation on request, by its model, or by the readers without one."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from assistant.reading.column_mapping import combined, folded, from_source
from assistant.reading.extraction import ProposedTable, Source, propose
from assistant.reading.passages import MAX_READ, Passage, Passages
from assistant.reading.structured_call import Example, Guidance
from db.conversations import branches, extractions
from db.conversations.extractions import MAX_MESSAGES
from db.core.engine import Database
from db.models.conversations import Conversation
from db.models.messages import Message, MessageRole, MessageStatus
from db.models.proposals import Proposal
from errors import NotFound
from integrations.blobs import Blobs
from integrations.llm.routing import ModelRouter
from jobs.extraction.attachments import attached_to, images_of
from jobs.extraction.table_extraction import ExtractionRequest, ReadTable, TableExtraction
from jobs.runner.job_run import JobContext
from tables.changes import column_from_json
from tables.types.types import Column

AT_ONCE = 4
CUT = f"Only the first {MAX_READ:,} characters were read: name fewer messages."
UNFINISHED = "A reply that is still being written was not read: ask again when it has ended."
LATEST = f"Only the last {MAX_MESSAGES} messages were read: name the others in another call."


class Extractions:
    """Handler of extraction jobs; a later attempt reads everything anew."""

    def __init__(self, database: Database, model: ModelRouter | None, blobs: Blobs) -> None:
        self._database, self._model, self._blobs = database, model, blobs

    async def __call__(self, context: JobContext) -> None:
        proposal = await self._database.find(Proposal, context.viewer, UUID(context.job.arguments["proposal_id"]))
        if proposal is None:
            raise NotFound("The proposal is gone, or you may not see it any more.")
        conversation = await self._database.find(Conversation, context.viewer, proposal.conversation_id)
        if conversation is None:
            raise NotFound("The conversation is gone, or you may not see it any more.")
        messages, missing = await self._messages(context, conversation)
        texts = await self._texts(context, messages)
        read, problem = await self._read(context, conversation, proposal, messages, texts)
        problem = problem or (CUT if any(text.is_cut for text in texts) else missing)
        await self._database.write(extractions.complete, context.viewer, context.job.id, context.attempt, read, problem)

    async def _messages(self, context: JobContext, conversation: Conversation) -> tuple[list[Message], str | None]:
        """Return the finished messages to read, oldest first, and the reason why others are not read, if so."""
        requested = await self._requested(context, conversation)
        finished = [message for message in requested if message.status is not MessageStatus.IN_PROGRESS]
        missing = UNFINISHED if len(finished) < len(requested) else LATEST if len(finished) > MAX_MESSAGES else None
        return finished[-MAX_MESSAGES:], missing

    async def _requested(self, context: JobContext, conversation: Conversation) -> Sequence[Message]:
        ids: list[str] | None = context.job.arguments["message_ids"]
        if ids is not None:
            messages = await self._database.by_ids(Message, context.viewer, [UUID(id_) for id_ in ids])
            return sorted(messages.values(), key=lambda message: message.id)
        if conversation.leaf_id is None:
            return []
        page = {"conversation_id": conversation.id, "leaf_id": conversation.leaf_id, "limit": MAX_MESSAGES + 1}
        return (await self._database.read(branches.last_page, context.viewer, **page))[::-1]

    async def _texts(self, context: JobContext, messages: Sequence[Message]) -> list[Passages]:
        """Return what people said, with their files, and the assistant's replies, which are read only without it."""
        attached = await attached_to(self._database, context, messages)
        from_user: list[Passage] = []
        replies: list[Passage] = []
        for message in messages:
            if message.role is MessageRole.ASSISTANT:
                replies.append(Passage(Source(message.id, is_assistant=True), message.text))
                continue
            from_user.append(Passage(Source(message.id), message.text))
            from_user += [Passage(Source(message.id, file.id), file.text) for file in attached.get(message.id, ())]
        return [Passages(passages) for passages in (from_user, replies) if passages]

    async def _read(
        self,
        context: JobContext,
        conversation: Conversation,
        proposal: Proposal,
        messages: Sequence[Message],
        texts: Sequence[Passages],
    ) -> tuple[Sequence[ReadTable], str | None]:
        """Return the tables as the model reads them, or else as the readers do, and a problem to show."""
        columns, problem = [column_from_json(stored) for stored in proposal.columns], None
        offer = self._model.offer(conversation.model) if self._model else None
        if self._model and offer and offer.capabilities.json_schema and texts:
            sees = offer.capabilities.images
            images = await images_of(self._database, self._blobs, context, messages) if sees else []
            request = ExtractionRequest(
                proposal.table_name,
                columns,
                proposal.changes.get("keys", ()),
                _guidance(context),
                context.job.arguments.get("passes", 1),
                images,
            )
            extraction = TableExtraction(self._database, self._model, offer, context, conversation.id)
            tables = await extraction.read(request, texts, lambda read: self._show(context, read))
            if tables is not None:
                return tables, extraction.problem
            problem = extraction.problem
        return await asyncio.to_thread(_read_without_model, texts, columns, proposal.table_name), problem

    async def _show(self, context: JobContext, read: ReadTable) -> None:
        await self._database.write(
            extractions.update, context.viewer, context.job.id, context.attempt, read.sources, read.table
        )


def _guidance(context: JobContext) -> Guidance:
    arguments = context.job.arguments
    examples = [Example(example["text"], example["rows"]) for example in arguments.get("examples", ())]
    return Guidance(arguments.get("instructions", ""), examples)


def _read_without_model(texts: Sequence[Passages], columns: Sequence[Column], name: str) -> list[ReadTable]:
    """Return the tables in the first of the texts that has any; one combined table when columns are set."""
    for passages in texts:
        proposed = [
            from_source(table, number) for number, text in enumerate(passages.texts()) for table in propose(text)
        ]
        groups = [proposed] if columns else _by_columns(proposed)
        tables = [table for group in groups if (table := combined(group, columns, name)) is not None]
        if tables:
            return [ReadTable(passages, table) for table in tables]
    return []


def _by_columns(tables: Sequence[ProposedTable]) -> list[list[ProposedTable]]:
    """Group tables with the same column names, which are one table; the largest group comes first."""
    groups: dict[tuple[str, ...], list[ProposedTable]] = {}
    for table in tables:
        groups.setdefault(tuple(folded(column.name) for column in table.columns), []).append(table)
    return sorted(groups.values(), key=lambda group: -sum(len(table.rows) * len(table.columns) for table in group))
