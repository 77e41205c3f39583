"""Reply jobs over a database, without the rest of the product."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from assistant.reply_log.log import MemoryLog
from assistant.reply_log.watchers import Watchers
from auth.viewer import Viewer
from db.conversations import sending
from db.conversations.messages import Exchange
from db.core.engine import Database
from db.core.events import Hub
from db.models.jobs import Job
from db.models.messages import Message, MessageStatus
from integrations.blobs import DirectoryBlobs
from jobs.replies.replies import Replies
from jobs.runner.worker import Worker
from tests.support.processes.waiting import until
from tests.support.world import SYSTEM

TABLE = "| Item | Price |\n|---|---|\n| Ink | €3.50 |\n| Pen | €1.20 |\n"


class ReplyHarness:
    """Reply jobs over a database, without the rest of the product."""

    def __init__(self, database: Database, viewer: Viewer) -> None:
        self.database, self.viewer, self.hub, self.log = database, viewer, Hub(), MemoryLog()
        database.publish = self.hub.publish

    async def post(self, text: str = TABLE) -> Exchange:
        return await self.database.write(
            sending.send, self.viewer, text, conversation_id=None, models={"offline": None}
        )

    async def reply(self, id_: UUID) -> Message:
        result = await self.database.find(Message, SYSTEM, id_)
        assert result is not None
        return result

    async def wait_for_end(self, id_: UUID) -> tuple[Message, Job]:
        """Return a reply and its job when both have ended."""

        async def look() -> tuple[Message, Job] | None:
            reply = await self.reply(id_)
            assert reply.job_id is not None
            job = await self.database.find(Job, SYSTEM, reply.job_id)
            assert job is not None
            return (reply, job) if job.finished_at and reply.status is not MessageStatus.IN_PROGRESS else None

        result: tuple[Message, Job] = await until(look)
        return result

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Worker]:
        replies = Replies(self.database, self.log, None, Watchers(), DirectoryBlobs(Path("nowhere")))
        worker = Worker(self.database, self.hub, {"reply": replies}, fresh=False)
        replies.listen(self.hub, worker)
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()
