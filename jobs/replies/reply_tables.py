"""Tables of one reply: those that the user gave, and those that the reply itself contains."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from assistant.reading import extraction
from assistant.reading.extraction import ProposedTable, Source
from assistant.reading.reply_grounding import PersonTexts
from assistant.reading.reply_merging import REPLY_SOURCE, is_repeated, merge_reply
from auth.viewer import Viewer
from db.core.engine import Database
from db.models.conversations import Conversation, ExtractionMode
from db.models.messages import Message
from integrations.llm.catalog import OFFLINE
from jobs.extraction.attachments import Attached
from jobs.replies.reply_proposals import Found, FoundTable


class ReplyTables:
    """Reads the message and its files beside the model, and compares the tables of the reply with theirs.

    `given` is done when the message and its files are read. A conversation whose extraction is OFF has no tables.
    """

    def __init__(
        self, conversation: Conversation, reply: Message, message: Message, attached: Sequence[Attached]
    ) -> None:
        self._conversation, self._message, self._attached = conversation, message, attached
        self._reply_source = Source(reply.id, is_assistant=True)
        self.given = asyncio.ensure_future(self._read_given())

    async def _read_given(self) -> list[ProposedTable]:
        if self._conversation.extraction is ExtractionMode.OFF:
            return []
        return await asyncio.to_thread(extraction.propose_from, self._message.text, self._attached)

    def streamed(self, tables: Sequence[ProposedTable]) -> Found:
        """Return what to show while the reply is written, from the tables that its text has so far."""
        originals = self.given.result() if self.given.done() else []
        from_reply = [table for table in tables if not is_repeated(table, originals)]
        return self._found(originals, from_reply)

    async def finished(self, text: str, *, is_cut: bool) -> Found:
        """Return the tables of the exchange once the reply is whole, or was cut short."""
        read = extraction.propose_of_cut if is_cut else extraction.propose
        return await self._merged(await asyncio.to_thread(read, text))

    async def broken_off(self, text: str) -> Found:
        """Return the tables of the exchange when the reply breaks off: only its whole rows count."""
        return await self._merged(await asyncio.to_thread(extraction.propose_of_cut, text))

    async def _merged(self, tables: Sequence[ProposedTable]) -> Found:
        originals = await asyncio.shield(self.given)
        if self._conversation.extraction is ExtractionMode.OFF:
            return self._found([], [])
        person = PersonTexts(
            tuple(self._given_sources()), (self._message.text, *(file.text for file in self._attached))
        )
        from_user, from_reply = await asyncio.to_thread(merge_reply, person, originals, tables)
        return self._found(from_user, from_reply)

    def _found(self, originals: Sequence[ProposedTable], from_reply: Sequence[ProposedTable]) -> Found:
        reply_sources = [self._reply_source, *self._given_sources()]
        tables_found = [FoundTable(self._sources_of(table, reply_sources), table) for table in originals]
        tables_found += [FoundTable(reply_sources, table) for table in from_reply]
        return Found(self._conversation.id, tables_found, self._conversation.extraction is ExtractionMode.AUTO)

    def _sources_of(self, table: ProposedTable, reply_sources: Sequence[Source]) -> Sequence[Source]:
        """Return the text of a given table, then those of the cells that a reply has added to it."""
        own = [Source(self._message.id, table.attachment_id)]
        is_merged = any(cell is not None and cell.source >= REPLY_SOURCE for row in table.rows for cell in row)
        return [*own, *reply_sources] if is_merged else own

    def _given_sources(self) -> list[Source]:
        return [Source(self._message.id), *(Source(self._message.id, file.id) for file in self._attached)]


async def read_part(database: Database, viewer: Viewer, reply_id: UUID) -> Found | None:
    """Return the whole rows of a reply that an attempt before this one began, as far as its text was saved.

    The offline assistant's own words have no tables: those of the message were shown before it spoke.
    """
    reply = await database.find(Message, viewer, reply_id)
    if reply is None or reply.model == OFFLINE:
        return None
    conversation = await database.find(Conversation, viewer, reply.conversation_id)
    if conversation is None or conversation.extraction is ExtractionMode.OFF:
        return None
    tables = await asyncio.to_thread(extraction.propose_of_cut, reply.text)
    tables_found = [FoundTable([Source(reply.id, is_assistant=True)], table) for table in tables]
    return Found(conversation.id, tables_found, is_applied=False)


def found_in(conversation: Conversation, source: Message, tables: Sequence[ProposedTable]) -> Found:
    """Return the tables of a message and its files."""
    tables_found = [FoundTable([Source(source.id, table.attachment_id)], table) for table in tables]
    return Found(conversation.id, tables_found, conversation.extraction is ExtractionMode.AUTO)


def whole_lines(text: str) -> str:
    """Return the lines of a reply that was cut which are surely whole: half a number would pass for one."""
    return text[: text.rfind("\n") + 1]
