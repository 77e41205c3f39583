"""One reply being written: to the log as it comes, to its row each second and at its end."""

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
from jobs.runner.job_run import Explained, JobContext

CHECKPOINT_SECONDS = 1.0
COSTLY = frozenset({"FIRST_TOKEN_TIMEOUT", "CONTENT_FILTERED"})  # failures without a word that are charged all the same

logger = logging.getLogger("sheetgpt.replies")


class ReplyWriter:
    """What an attempt writes. The first end is the end."""

    def __init__(self, database: Database, log: Log, watching: Watchers, held: JobContext) -> None:
        self._database, self._log, self._watching, self._held = database, log, watching, held
        self.reply_id = UUID(held.job.arguments["reply_id"])
        self._pieces: list[str] = []
        self._key = self.reply_id, held.job.id, held.attempt
        self.proposing = ReplyProposals(database, held, self.reply_id, self.table_id)
        self._tokens_read: int | None = None
        self._terms: ModelTerms | None = None
        self._wants_title = False
        self._finished = Finished("", None, None)
        self._ending: asyncio.Task[None] | None = None
        self.tables: ReplyTables | None = None

    @property
    def viewer(self) -> Viewer:
        """Who asked."""
        return self._held.viewer

    @property
    def table_id(self) -> UUID | None:
        """The table that was named with the message."""
        named = self._held.job.arguments.get("table_id")
        return UUID(named) if named else None

    @property
    def is_ending(self) -> bool:
        """Whether how it ends is decided."""
        return self._ending is not None

    @property
    def text(self) -> str:
        """All of it so far."""
        return "".join(self._pieces)

    def prompted(self, tokens: int, terms: ModelTerms, *, wants_title: bool) -> None:
        """What a model is asked, in tokens by our own count, what they cost, and whether it is to give a title too."""
        self._tokens_read, self._terms, self._wants_title = tokens, terms, wants_title

    async def follow(self, events: AsyncIterator[Delta | Finished]) -> str:
        """Write what comes, and return why it finished, in the model's word."""
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
        error: Explained | None = None,
        found: Found | None = None,
    ) -> None:
        """Keep the reply and what it proposes, in one transaction; a caller who is cancelled waits for it too."""
        if self._ending is None:
            ending = self._worded(status, error)
            self._ending = asyncio.create_task(self._keep(ending, found))
        try:
            await asyncio.shield(self._ending)
        except asyncio.CancelledError:
            await self._ending
            raise
        except Exception:
            self._ending = None
            raise

    def _worded(self, status: MessageStatus, error: Explained | None) -> ReplyOutcome:
        tokens = self._tokens(error)
        wait: float | None = getattr(error, "retry_after", None)
        return ReplyOutcome(
            status,
            # A later attempt writes nothing: what the first one saved is the text.
            text=self.text if self._held.attempt == 1 else None,
            finish_reason=self._finished.reason or None,
            tokens=tokens,
            cost_nanos=self._terms.cost(tokens) if self._terms and tokens else 0,
            error_code=error.code if error else None,
            error_message=error.message if error else None,
            error_retryable=error.retryable if error else False,
            error_retry_at=None if wait is None else now() + timedelta(seconds=wait),
        )

    def _tokens(self, error: Explained | None) -> Tokens | None:
        """As the provider told them, else as we count them; None when no model was asked."""
        told, read = self._finished, self._tokens_read
        if read is None:
            return None
        if error is not None and not self.text and error.code not in COSTLY:
            return Tokens()  # the provider refused, or was not there
        return Tokens(
            input=told.input_tokens or read,
            output=told.output_tokens or estimate_tokens(self.text),
            cached=told.cached_tokens or 0,
            reasoning=told.reasoning_tokens or 0,
            is_estimated=not (told.input_tokens and told.output_tokens),
        )

    async def _keep(self, ending: ReplyOutcome, found: Found | None) -> None:
        is_watched = await self._watching.is_watched(self.reply_id, self._held.viewer.user_id)

        def unit(session: Session) -> None:
            reply = replies.finish(session, *self._key, ending)
            if not is_watched:
                replies.notify_requester(session, reply)
            if self._wants_title:
                titles.request(session, reply)
            # A model that said nothing at all leaves what the person gave as the offline assistant reads it.
            is_whole = ending.status is MessageStatus.COMPLETED
            if found is not None and (is_whole or (ending.status is MessageStatus.FAILED and not self.text)):
                self.proposing.keep(session, found)
            elif found is not None:
                self.proposing.keep_part(session, found)

        try:
            await self._database.write(unit, self._held.viewer)
        except LeaseLost:
            self._say("The reply was ended by somebody else")
        except (Forbidden, NotFound):
            # Who asked may not write there any more: the reply ends, and nothing is put into a table.
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
                await self._database.write(replies.checkpoint, self._held.viewer, *self._key, text)
            except (LeaseLost, Forbidden, NotFound):
                return
            except Exception:
                logger.exception("The text of the reply %s could not be saved; it is tried again", self.reply_id)
            else:
                saved = count

    def _say(self, what: str) -> None:
        logger.warning(what, extra={"fields": {"messageId": str(self.reply_id)}})
