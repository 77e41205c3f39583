"""The tables that readers find in a reply, or else in what it answers."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from assistant.reading import extraction
from assistant.reading.extraction import ProposedTable, Source
from auth.viewer import Viewer
from db.core.engine import Database
from db.models.conversations import Conversation, ExtractionMode
from db.models.messages import Message
from integrations.llm.catalog import OFFLINE
from jobs.extraction.attachments import Attached
from jobs.replies.reply_proposals import Found, FoundTable


async def read_reply(
    conversation: Conversation,
    reply: Message,
    text: str,
    message: Message,
    attached: Sequence[Attached],
    *,
    is_cut: bool,
) -> Found:
    """Tables of the reply, or else of what it answers and its files: what was pasted is often not repeated."""
    if tables := await asyncio.to_thread(extraction.propose_of_cut if is_cut else extraction.propose, text):
        return found_in(conversation, reply, tables)
    return found_in(conversation, message, await asyncio.to_thread(extraction.propose_from, message.text, attached))


async def read_part(database: Database, viewer: Viewer, reply_id: UUID, said: str) -> Found | None:
    """The whole rows of a reply that breaks off, whose saved text may be behind what was `said`.

    What the offline assistant says of tables is none: those of the message were shown before it spoke.
    """
    reply = await database.find(Message, viewer, reply_id)
    if reply is None or reply.model == OFFLINE:
        return None
    conversation = await database.find(Conversation, viewer, reply.conversation_id)
    if conversation is None or conversation.extraction is ExtractionMode.OFF:
        return None
    return found_in(conversation, reply, await asyncio.to_thread(extraction.propose_of_cut, said or reply.text))


def found_in(conversation: Conversation, source: Message, tables: Sequence[ProposedTable]) -> Found:
    """Tables of a message and its files."""
    found = [FoundTable([Source(source.id, table.attachment_id)], table) for table in tables]
    return Found(conversation.id, found, conversation.extraction is ExtractionMode.AUTO)


def whole_lines(text: str) -> str:
    """The lines of a reply that was cut which are surely whole: half a number would pass for one."""
    return text[: text.rfind("\n") + 1]
