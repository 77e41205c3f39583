"""What the files of a conversation say, for whoever answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from db import attachments
from db.engine import Database
from db.messages import Message
from jobs.running import Held

MAX_TEXT = 200_000  # characters of one file that are read


@dataclass(frozen=True)
class Attached:
    """The beginning of what a file says."""

    id: UUID
    name: str
    text: str


async def attached_to(database: Database, held: Held, messages: Sequence[Message]) -> Mapping[UUID, list[Attached]]:
    """The files with text of each message that has some; of the newest twenty files, newest message first."""
    found: dict[UUID, list[Attached]] = {}
    ids = [message.id for message in messages]
    for row in await database.read(attachments.texts_of_branch, held.viewer, ids=ids, length=MAX_TEXT):
        found.setdefault(row.message_id, []).append(Attached(row.id, row.name, row.text))
    return found
