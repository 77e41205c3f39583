"""Writing a reply: from the assistant to the log as it comes, and to the row each second and at the end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Literal
from uuid import UUID

from jobs.worker import Held, Worker

from assistant import context, extraction, offline
from assistant.extraction import ProposedTable
from assistant.log import Log
from db import messages, proposals
from db.conversations import Conversation, ExtractionMode
from db.engine import Database
from db.events import Event, Hub, ReplyStopped
from db.jobs import LeaseLost
from db.listing import Window
from db.messages import Ending, Message, MessageRole, MessageStatus
from db.session import Session
from errors import Forbidden, NotFound
from integrations.llm import ChatModel, Delta, Finished, ModelFailure, Turn

CHECKPOINT_SECONDS = 1.0
MAX_TURNS = 100
CHARACTERS_PER_TOKEN = 4

logger = logging.getLogger("sheetgpt.replies")


class Replies:
    """The handler of reply jobs. Without a model the offline assistant answers."""

    def __init__(self, database: Database, log: Log, model: ChatModel | None) -> None:
        self._database, self._log, self._model = database, log, model
        self._writing: dict[UUID, UUID] = {}

    def listen(self, hub: Hub, worker: Worker) -> None:
        """Stop a reply of this process when somebody asks for it."""

        def stop(event: Event) -> None:
            assert isinstance(event, ReplyStopped)
            if event.message_id in self._writing:
                worker.stop_job(self._writing[event.message_id])

        hub.handle(ReplyStopped, stop)

    async def __call__(self, held: Held) -> None:
        reply_id = UUID(held.job.arguments["reply_id"])
        reply = await self._database.find(Message, held.viewer, reply_id)
        if reply is None:
            raise NotFound("The conversation of this reply is gone.")
        writing = _Writing(self._database, self._log, held, reply)
        if held.attempt > 1:
            await writing.end(Ending(MessageStatus.INTERRUPTED, reply.text))
            return
        self._writing[reply_id] = held.job.id
        self._log.begin(reply_id)
        try:
            await self._write(writing)
        finally:
            self._writing.pop(reply_id, None)
            self._log.end(reply_id)

    async def _write(self, writing: "_Writing") -> None:
        conversation = await self._database.find(Conversation, writing.held.viewer, writing.reply.conversation_id)
        if conversation is None:
            raise NotFound("The conversation of this reply is gone.")
        before = await self._before(writing)
        if self._model is None:
            await writing.offline(conversation, before[-1])
        else:
            turns = context.build(conversation.system_prompt, [Turn(_ROLES[m.role], m.text) for m in before])
            await writing.online(conversation, self._model, turns, before[-1])

    async def _before(self, writing: "_Writing") -> list[Message]:
        """What was said before the reply, oldest first."""
        window = Window(MAX_TURNS, writing.reply.id, backwards=True)
        rows = await self._database.read(
            messages.of_conversation.rows(window, frozenset()),
            writing.held.viewer,
            conversation_id=writing.reply.conversation_id,
            cursor=window.cursor,
            limit=window.limit,
        )
        return rows[::-1]


_ROLES: dict[MessageRole, Literal["system", "user", "assistant"]] = {
    MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant",
    MessageRole.SYSTEM: "system",
}


class _Writing:
    """One reply being written; `text` is what there is of it."""

    def __init__(self, database: Database, log: Log, held: Held, reply: Message) -> None:
        self.database, self.log, self.held, self.reply = database, log, held, reply
        self.text = ""
        self._key = reply.id, held.job.id, held.attempt

    async def offline(self, conversation: Conversation, message: Message) -> None:
        answer = await asyncio.to_thread(offline.answer, message.text)
        await self._follow(offline.stream(answer))
        found = answer.tables if conversation.extraction is not ExtractionMode.OFF else ()
        await self.end(Ending(MessageStatus.COMPLETED, self.text, "stop"), conversation, message, found)

    async def online(
        self, conversation: Conversation, model: ChatModel, turns: Sequence[Turn], message: Message
    ) -> None:
        finished = Finished("", None, None)

        async def pieces() -> AsyncIterator[str]:
            nonlocal finished
            stream = model.stream(
                turns,
                model=conversation.model,
                temperature=conversation.temperature,
                max_tokens=conversation.max_tokens,
            )
            async with aclosing(stream):
                async for event in stream:
                    if isinstance(event, Delta):
                        yield event.text
                    else:
                        finished = event

        ending = Ending(MessageStatus.COMPLETED, "")
        try:
            await self._follow(pieces())
        except ModelFailure as failure:
            ending = Ending(
                MessageStatus.FAILED,
                "",
                error_code=failure.code,
                error_message=failure.message,
                error_retryable=failure.retryable,
            )
        source, found = await self._extract(conversation, message)
        ending = replace(
            ending,
            text=self.text,
            finish_reason=finished.reason or None,
            input_tokens=finished.input_tokens or _estimated("".join(turn.text for turn in turns)),
            output_tokens=finished.output_tokens or _estimated(self.text),
        )
        await self.end(ending, conversation, source, found)

    async def _extract(self, conversation: Conversation, message: Message) -> tuple[Message, Sequence[ProposedTable]]:
        """Tables of the reply, or else of what it answers: what was pasted is often not repeated."""
        if conversation.extraction is ExtractionMode.OFF:
            return self.reply, ()
        found = await asyncio.to_thread(extraction.propose, self.text)
        if found:
            return self.reply, found
        return message, await asyncio.to_thread(extraction.propose, message.text)

    async def _follow(self, pieces: AsyncIterator[str]) -> None:
        """Write what comes; when the writing is cancelled, keep what there is and say how it ended."""
        saver = asyncio.create_task(self._checkpoints())
        try:
            async for piece in pieces:
                self.text += piece
                self.log.append(self.reply.id, piece)
        except asyncio.CancelledError:
            stopped = MessageStatus.STOPPED if self.held.stopped else MessageStatus.INTERRUPTED
            await self.end(Ending(stopped, self.text, output_tokens=_estimated(self.text)))
            raise
        finally:
            saver.cancel()
            await asyncio.wait([saver])

    async def _checkpoints(self) -> None:
        saved = ""
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            if saved != self.text:
                saved = self.text
                await self.database.write(messages.checkpoint, self.held.viewer, *self._key, saved)

    async def end(
        self,
        ending: Ending,
        conversation: Conversation | None = None,
        source: Message | None = None,
        found: Sequence[ProposedTable] = (),
    ) -> None:
        """Keep the whole reply and what it proposes in one transaction."""

        def unit(session: Session) -> None:
            messages.finish(session, *self._key, ending)
            for table in found:
                assert conversation is not None
                assert source is not None
                proposals.propose(
                    session,
                    conversation.id,
                    self.reply.id,
                    source.id,
                    table,
                    table_id=self._table_id(),
                    apply=conversation.extraction is ExtractionMode.AUTO,
                )

        try:
            await self.database.write(unit, self.held.viewer)
        except LeaseLost:
            logger.warning("a reply was ended by another process", extra={"message_id": str(self.reply.id)})
        except (Forbidden, NotFound):
            await self._end_alone(ending)

    async def _end_alone(self, ending: Ending) -> None:
        """Who asked may not write there any more: the reply ends, and nothing is put into a table."""
        await self.database.write(messages.finish, self.held.viewer.system(), *self._key, ending)

    def _table_id(self) -> UUID | None:
        named = self.held.job.arguments.get("table_id")
        return UUID(named) if named else None


def _estimated(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)
