"""Reply jobs: they write the assistant's answer to a message, with a model or without, and its tables."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Literal
from uuid import UUID

from assistant import offline
from assistant.offline import Answer
from assistant.prompt import prompt
from assistant.prompt.model_terms import terms_of
from assistant.prompt.table_context import sheets_of
from assistant.prompt.tokens import counter
from assistant.reply_log.log import Log
from assistant.reply_log.watchers import Watchers
from db.conversations import branches, replies
from db.core.base import now
from db.core.engine import Database
from db.core.events import Event, Hub, ReplyStopped
from db.models.conversations import Conversation, ExtractionMode
from db.models.messages import Message, MessageRole, MessageStatus
from errors import NotFound, ProductError
from integrations.blobs import Blobs
from integrations.llm.catalog import Offer
from integrations.llm.chat_completions import Delta, Finished, ModelFailure, Turn
from integrations.llm.failures import cut_short, filtered
from integrations.llm.routing import ModelRouter
from jobs.extraction.attachments import Attached, attached_to, images_of
from jobs.replies import named_tables
from jobs.replies.named_tables import read_named
from jobs.replies.output_limit import max_output_tokens
from jobs.replies.parse_scheduler import ParseScheduler
from jobs.replies.reply_tables import ReplyTables, found_in, read_part, whole_lines
from jobs.replies.reply_writer import ReplyWriter
from jobs.replies.streaming_tables import StreamingTables
from jobs.runner.job_run import INTERNAL, ExplainedError, JobContext, JobFailure
from jobs.runner.worker import Worker

MAX_TURNS = 100
CUT_SHORT, FILTERED = "length", "content_filter"  # finish reasons of an incomplete reply

_ROLES: dict[MessageRole, Literal["system", "user", "assistant"]] = {
    MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant",
    MessageRole.SYSTEM: "system",
}


class Replies:
    """Handler of reply jobs; without a model the offline assistant answers.

    The message's status is set however the job ends: by itself, by a stop, an error or the end of the process. A
    conversation takes the next message only when its last reply has ended.
    """

    def __init__(
        self,
        database: Database,
        log: Log,
        model: ModelRouter | None,
        watching: Watchers,
        blobs: Blobs,
        *,
        writes_titles: bool = False,
    ) -> None:
        self._database, self._log, self._model, self._watching = database, log, model, watching
        self._blobs, self._parse_scheduler = blobs, ParseScheduler()
        self._writes_titles = writes_titles

    def listen(self, hub: Hub, worker: Worker) -> None:
        """Stop a reply of this process when a user requests it."""

        def stop(event: Event) -> None:
            assert isinstance(event, ReplyStopped)
            worker.stop_job(event.job_id)

        hub.handle(ReplyStopped, stop)

    async def __call__(self, context: JobContext) -> None:
        writer = ReplyWriter(self._database, self._log, self._watching, context)
        try:
            await self._write(writer, context)
        except asyncio.CancelledError:
            if context.stopped:
                await self._break_off(writer, MessageStatus.STOPPED)
            elif context.is_released and not writer.text and not writer.is_ending:
                context.start_over = True  # nobody has read anything yet, so another process may begin anew
            else:
                await self._break_off(writer, MessageStatus.INTERRUPTED, _interrupted())
            raise
        except ModelFailure as failure:
            await self._break_off(writer, MessageStatus.FAILED, failure)
        except Exception as error:
            await writer.end(MessageStatus.FAILED, error=_explained(error))
            raise
        finally:
            self._log.end(writer.reply_id)

    async def _write(self, writer: ReplyWriter, context: JobContext) -> None:
        if not context.is_first:
            await writer.proposals.take_up()
            await self._break_off(writer, MessageStatus.INTERRUPTED, _interrupted())
            return
        self._log.begin(writer.reply_id)
        reply = await self._database.find(Message, context.viewer, writer.reply_id)
        if reply is None:
            raise _gone()
        conversation = await self._database.find(Conversation, context.viewer, reply.conversation_id)
        if conversation is None:
            raise _gone()
        before = await self._before(context, reply)
        attached = await attached_to(self._database, context, before)
        if self._model is None:
            await self._offline(writer, conversation, before[-1], attached.get(before[-1].id, []))
        else:
            await self._online(self._model, context, writer, reply, conversation, before, attached)

    async def _break_off(self, writer: ReplyWriter, status: MessageStatus, error: ExplainedError | None = None) -> None:
        """End with the text so far, the whole rows of it, and the tables of what the person gave."""
        tables = None
        if not writer.is_ending and writer.tables is not None:
            tables = await writer.tables.broken_off(writer.text)
        elif not writer.is_ending:
            tables = await read_part(self._database, writer.viewer, writer.reply_id)
        await writer.end(status, error=error, tables=tables)

    async def _before(self, context: JobContext, reply: Message) -> list[Message]:
        """Return the messages before the reply on its branch, oldest first; the last is the one it answers."""
        rows = await self._database.read(
            branches.last_page,
            context.viewer,
            conversation_id=reply.conversation_id,
            leaf_id=reply.parent_id,
            limit=MAX_TURNS,
        )
        return rows[::-1]

    async def _offline(
        self, writer: ReplyWriter, conversation: Conversation, message: Message, attached: Sequence[Attached]
    ) -> None:
        answer = await asyncio.to_thread(offline.answer, message.text, attached)
        tables = None
        if conversation.extraction is not ExtractionMode.OFF:
            tables = found_in(conversation, message, answer.tables)
            await writer.proposals.show(tables)
        await writer.follow(_told(answer))
        await writer.end(MessageStatus.COMPLETED, tables=tables)

    async def _online(
        self,
        model: ModelRouter,
        context: JobContext,
        writer: ReplyWriter,
        reply: Message,
        conversation: Conversation,
        before: Sequence[Message],
        attached: Mapping[UUID, Sequence[Attached]],
    ) -> None:
        offer = model.offer(reply.model)
        files = attached.get(before[-1].id, ())
        writer.tables = read = ReplyTables(conversation, reply, before[-1], files)
        turns, tokens = await self._prompt(context, writer, offer, conversation, before, attached)
        terms = terms_of(offer, now().date())
        max_tokens = await max_output_tokens(
            self._database, writer.viewer, conversation, reply.id, offer, terms, tokens
        )
        writer.prompted(offer.name, tokens, terms, wants_title=self._writes_titles)
        temperature = offer.temperature if conversation.temperature is None else conversation.temperature
        events = model.stream(turns, model=offer.name, temperature=temperature, max_tokens=max_tokens)
        async with aclosing(events), self._showing(writer, conversation, read):
            reason = await writer.follow(events)
        if reason == FILTERED:
            raise filtered()
        is_cut = reason == CUT_SHORT
        whole = whole_lines(writer.text) if is_cut else writer.text
        tables = None
        if conversation.extraction is not ExtractionMode.OFF:
            texts = named_tables.texts_of(before[-1], files, reply, whole)
            tables = await read_named(self._database, model, offer, context, writer, conversation, texts)
            tables = tables or await read.finished(writer.text, is_cut=is_cut)
        await writer.end(MessageStatus.COMPLETED, error=cut_short() if is_cut else None, tables=tables)

    async def _prompt(
        self,
        context: JobContext,
        writer: ReplyWriter,
        offer: Offer,
        conversation: Conversation,
        before: Sequence[Message],
        attached: Mapping[UUID, Sequence[Attached]],
    ) -> tuple[list[Turn], int]:
        """Return the messages for the model, and their tokens by our own count."""
        sheets = await sheets_of(self._database, writer.viewer, conversation.id, writer.table_id)
        messages = [Turn(_ROLES[message.role], message.text) for message in before]
        files = [(file.name, file.text) for message in before for file in attached.get(message.id, ())]
        sees = offer.capabilities.images
        images = await images_of(self._database, self._blobs, context, before) if sees else []

        def work() -> tuple[list[Turn], int]:
            count = counter()
            room = prompt.room_for(offer.context_window, conversation.max_tokens or offer.max_output, count)
            turns = prompt.build(conversation.system_prompt, messages, room, sheets, files, images)
            return turns, prompt.tokens_of(turns, count)

        return await asyncio.to_thread(work)

    def _showing(
        self, writer: ReplyWriter, conversation: Conversation, tables: ReplyTables
    ) -> AbstractAsyncContextManager[None]:
        """Return the context in which tables are shown beside the reply, first those that were given."""
        if conversation.extraction is ExtractionMode.OFF:
            return nullcontext()
        return StreamingTables(self._parse_scheduler, writer.proposals, lambda: writer.text, tables).running()


async def _told(answer: Answer) -> AsyncGenerator[Delta | Finished, None]:
    async for piece in offline.stream(answer):
        yield Delta(piece)
    yield Finished("stop", None, None)


def _interrupted() -> JobFailure:
    return JobFailure("INTERRUPTED", replies.INTERRUPTED, retryable=True)


def _gone() -> NotFound:
    return NotFound("The conversation of this reply is gone, or you may not see it any more.")


def _explained(error: Exception) -> ExplainedError:
    """Return the error for the message. An unexpected one is masked; it is logged with the job."""
    if isinstance(error, ExplainedError):
        return error
    if isinstance(error, ProductError):
        wait = error.details.get("retryAfterMs")
        return JobFailure(error.code, error.message, retry_after=None if wait is None else wait / 1000)
    return JobFailure(INTERNAL, "Something went wrong on the server. Send the message again.", retryable=True)
