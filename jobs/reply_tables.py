"""The tables that readers find in a reply, or else in what it answers."""

import asyncio
from collections.abc import Sequence

from assistant import extraction
from assistant.extraction import ProposedTable, Source
from db.conversations import Conversation, ExtractionMode
from db.messages import Message
from jobs.attachments import Attached
from jobs.proposing import Found, FoundTable


async def read_reply(
    conversation: Conversation, reply: Message, text: str, message: Message, attached: Sequence[Attached]
) -> Found:
    """Tables of the reply, or else of what it answers and its files: what was pasted is often not repeated."""
    if tables := await asyncio.to_thread(extraction.propose, text):
        return found_in(conversation, reply, tables)
    return found_in(conversation, message, await asyncio.to_thread(extraction.propose_from, message.text, attached))


def found_in(conversation: Conversation, source: Message, tables: Sequence[ProposedTable]) -> Found:
    """Tables of a message and its files."""
    found = [FoundTable([Source(source.id, table.attachment_id)], table) for table in tables]
    return Found(conversation.id, found, conversation.extraction is ExtractionMode.AUTO)


def whole_lines(text: str) -> str:
    """The lines of a reply that was cut which are surely whole: half a number would pass for one."""
    return text[: text.rfind("\n") + 1]
