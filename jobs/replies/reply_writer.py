"""Writer of one reply: to the log as text arrives, to its row each second and at its end."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from assistant.reply_log.log import Log
from assistant.reply_log.watchers import Watchers
from auth.viewer import Viewer
from db.billing.usage import ModelTerms, estimate_tokens
from db.conversations import replies, titles
from db.conversations.replies import ReplyOutcome
from db.core.base import now
from db.core.engine import Database
from db.core.session import Session
from db.jobs.jobs import LeaseLost
from db.models.messages import MessageStatus
from db.models.usage import Tokens
from errors import Forbidden, NotFound
from integrations.llm.chat_completions import Delta, Finished
from jobs.replies.reply_proposals import Found, ReplyProposals
from jobs.replies.reply_tables import ReplyTables
from jobs.runner.job_run import ExplainedError, JobContext
from jobs.runner.model_use import count_model_use

CHECKPOINT_SECONDS = 1.0
COSTLY = frozenset(
    {"FIRST_TOKEN_TIMEOUT", "CONTENT_FILTERED"}
)  # failures without text whose tokens are charged nevertheless

logger = logging.getLogger("sheetgpt.replies")


class ReplyWriter:
    """Writer of one attempt. Only the first end takes effect."""

    def __init__(self, database: Database, log: Log, watching: Watchers, context: JobContext) -> None:
        self._database, self._log, self._watching, self._context = database, log, watching, context
        self.reply_id = UUID(context.job.arguments["reply_id"])
        self._pieces: list[str] = []
        self._key = self.reply_id, context.job.id, context.attempt
        self.proposals = ReplyProposals(database, context, self.reply_id, self.table_id)
        self._model = ""
        self._tokens_read: int | None = None
        self._terms: ModelTerms | None = None
        self._wants_title = False
        self._finished = Finished("", None, None)
        self._ending: asyncio.Task[None] | None = None
        self.tables: ReplyTables | None = None

    @property
    def viewer(self) -> Viewer:
        """Return the user who requested the reply."""
        return self._context.viewer

    @property
    def table_id(self) -> UUID | None:
        """Return the table named with the message, if any."""
        named = self._context.job.arguments.get("table_id")
        return UUID(named) if named else None

    @property
    def is_ending(self) -> bool:
        """Return whether the outcome is decided."""
        return self._ending is not None

    @property
    def text(self) -> str:
        """Return the text so far."""
        return "".join(self._pieces)

    def prompted(self, model: str, tokens: int, terms: ModelTerms, *, wants_title: bool) -> None:
        """Note the model with its prices, the prompt's size in tokens by our own count, and whether it titles."""
        self._model = model
        self._tokens_read, self._terms, self._wants_title = tokens, terms, wants_title

    async def follow(self, events: AsyncIterator[Delta | Finished]) -> str:
        """Write the events of a model as they arrive, and return its finish reason."""
        saver = asyncio.create_task(self._save_each_second())
        try:
            async for event in events:
                if isinstance(event, Finished):
                    self._finished = event
                else:
                    self._pieces.append(event.text)
                    self._log.append(self.reply_id, event.text)
        finally:
            saver.cancel()
            await asyncio.wait([saver])
        return self._finished.reason

    async def end(
        self,
        status: MessageStatus,
        *,
        error: ExplainedError | None = None,
        tables: Found | None = None,
    ) -> None:
        """Store the reply and its proposals in one transaction. A cancelled caller waits for it too."""
        if self._ending is None:
            ending = self._outcome(status, error)
            self._ending = asyncio.create_task(self._store(ending, tables))
        try:
            await asyncio.shield(self._ending)
        except asyncio.CancelledError:
            await self._ending
            raise
        except Exception:
            self._ending = None
            raise

    def _outcome(self, status: MessageStatus, error: ExplainedError | None) -> ReplyOutcome:
        tokens = self._tokens(error)
        wait: float | None = getattr(error, "retry_after", None)
        return ReplyOutcome(
            status,
            # A later attempt writes no text, so the text that the first one saved stays.
            text=self.text if self._context.is_first else None,
            finish_reason=self._finished.reason or None,
            tokens=tokens,
            cost_nanos=self._terms.cost(tokens) if self._terms and tokens else 0,
            error_code=error.code if error else None,
            error_message=error.message if error else None,
            error_retryable=error.retryable if error else False,
            error_retry_at=None if wait is None else now() + timedelta(seconds=wait),
        )

    def _tokens(self, error: ExplainedError | None) -> Tokens | None:
        """Return the tokens as the provider reported them, else by our own count; None without a model call."""
        reported, input_tokens = self._finished, self._tokens_read
        if input_tokens is None:
            return None
        if error is not None and not self.text and error.code not in COSTLY:
            return Tokens()  # the provider refused or was unreachable
        return Tokens(
            input=reported.input_tokens or input_tokens,
            output=reported.output_tokens or estimate_tokens(self.text),
            cached=reported.cached_tokens or 0,
            reasoning=reported.reasoning_tokens or 0,
            is_estimated=not (reported.input_tokens and reported.output_tokens),
        )

    async def _store(self, ending: ReplyOutcome, tables: Found | None) -> None:
        is_watched = await self._watching.is_watched(self.reply_id, self._context.viewer.user_id)

        def unit(session: Session) -> None:
            reply = replies.finish(session, *self._key, ending)
            if not is_watched:
                replies.notify_requester(session, reply)
            if self._wants_title:
                titles.request(session, reply)
            # When the model wrote nothing, the user's own tables are completed, as the offline assistant would.
            is_whole = ending.status is MessageStatus.COMPLETED
            if tables is not None and (is_whole or (ending.status is MessageStatus.FAILED and not self.text)):
                self.proposals.keep(session, tables)
            elif tables is not None:
                self.proposals.keep_part(session, tables)

        try:
            await self._database.write_when_back(unit, self._context.viewer)
            if ending.tokens is not None:
                count_model_use(self._model, ending.tokens, ending.cost_nanos)
        except LeaseLost:
            self._warn("The reply was ended by another process")
        except (Forbidden, NotFound):
            # The user may not write there any more: the reply ends, and no table is changed.
            with suppress(LeaseLost, NotFound):
                await self._database.write(replies.finish, Viewer.system(), *self._key, ending)

    async def _save_each_second(self) -> None:
        saved = 0
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            if saved == len(self._pieces):
                continue
            count, text = len(self._pieces), self.text
            try:
                await self._database.write(replies.checkpoint, self._context.viewer, *self._key, text)
            except (LeaseLost, Forbidden, NotFound):
                return
            except Exception:
                logger.exception(
                    "The text of the reply %s could not be saved; the next checkpoint tries again", self.reply_id
                )
            else:
                saved = count

    def _warn(self, message: str) -> None:
        logger.warning(message, extra={"fields": {"messageId": str(self.reply_id)}})
