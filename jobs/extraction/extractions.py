"""Tables that people ask to have read out of a conversation: by its model, or by the readers without one."""

import asyncio
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from assistant.reading.column_mapping import combined, from_source
from assistant.reading.extraction import ProposedTable, Source, propose
from assistant.reading.passages import MAX_READ, Passage, Passages
from db.conversations import branches, extractions
from db.conversations.extractions import MAX_MESSAGES
from db.core.engine import Database
from db.models.conversations import Conversation
from db.models.messages import Message, MessageStatus
from db.models.proposals import Proposal
from errors import NotFound
from integrations.llm.routing import ModelRouter
from jobs.extraction.attachments import attached_to
from jobs.extraction.table_extraction import Extracting
from jobs.runner.job_run import JobContext
from tables.changes import column_of

AT_ONCE = 4
CUT = f"Only the first {MAX_READ:,} characters were read: name fewer messages."
UNFINISHED = "A reply that is still being written was not read: ask again when it has ended."
LATEST = f"Only the last {MAX_MESSAGES} messages were read: name the others in another call."


class Extractions:
    """The handler of extraction jobs; doing one again reads everything anew."""

    def __init__(self, database: Database, model: ModelRouter | None) -> None:
        self._database, self._model = database, model

    async def __call__(self, held: JobContext) -> None:
        proposal = await self._database.find(Proposal, held.viewer, UUID(held.job.arguments["proposal_id"]))
        if proposal is None:
            raise NotFound("The proposal is gone, or you may not see it any more.")
        conversation = await self._database.find(Conversation, held.viewer, proposal.conversation_id)
        if conversation is None:
            raise NotFound("The conversation is gone, or you may not see it any more.")
        passages, missing = await self._passages(held, conversation)
        read, problem = await self._read(held, conversation, proposal, passages)
        problem = problem or (CUT if passages.is_cut else missing)
        given = held.job.id, held.attempt, passages.sources, read, problem
        await self._database.write(extractions.complete, held.viewer, *given)

    async def _passages(self, held: JobContext, conversation: Conversation) -> tuple[Passages, str | None]:
        """What was said, oldest first, each message with its files; and what of it is not read, if so."""
        found = await self._messages(held, conversation)
        said = [message for message in found if message.status is not MessageStatus.IN_PROGRESS]
        missing = UNFINISHED if len(said) < len(found) else LATEST if len(said) > MAX_MESSAGES else None
        said = said[-MAX_MESSAGES:]
        attached = await attached_to(self._database, held, said)
        passages: list[Passage] = []
        for message in said:
            passages.append(Passage(Source(message.id), message.text))
            passages += [Passage(Source(message.id, file.id), file.text) for file in attached.get(message.id, ())]
        return Passages(passages), missing

    async def _messages(self, held: JobContext, conversation: Conversation) -> Sequence[Message]:
        named: list[str] | None = held.job.arguments["message_ids"]
        if named is not None:
            found = await self._database.by_ids(Message, held.viewer, [UUID(id_) for id_ in named])
            return sorted(found.values(), key=lambda message: message.id)
        if conversation.leaf_id is None:
            return []
        given = {"conversation_id": conversation.id, "leaf_id": conversation.leaf_id, "limit": MAX_MESSAGES + 1}
        return (await self._database.read(branches.last_page, held.viewer, **given))[::-1]

    async def _read(
        self, held: JobContext, conversation: Conversation, proposal: Proposal, passages: Passages
    ) -> tuple[ProposedTable | None, str | None]:
        """By the model if it can; what it cannot, the readers do."""
        columns, name, problem = [column_of(kept) for kept in proposal.columns], proposal.table_name, None
        offer = self._model.offer(conversation.model) if self._model else None
        if self._model and offer and offer.capabilities.json_schema:
            extracting = Extracting(self._database, self._model, offer, held, conversation.id)
            show = partial(self._show, held, passages)
            table = await extracting.read(name, columns, proposal.changes.get("keys", ()), passages, show)
            if table is not None:
                return table, extracting.problem
            problem = extracting.problem
        found = await asyncio.to_thread(_found, passages)
        return combined(found, columns, name), problem

    async def _show(self, held: JobContext, passages: Passages, table: ProposedTable) -> None:
        await self._database.write(extractions.update, held.viewer, held.job.id, held.attempt, passages.sources, table)


def _found(passages: Passages) -> list[ProposedTable]:
    """The tables that the readers find, whose cells say which text they are from."""
    return [from_source(table, number) for number, text in enumerate(passages.texts()) for table in propose(text)]
