"""Title jobs: after the first exchange a model names the conversation, unless a user has."""

from collections.abc import Sequence
from contextlib import aclosing, suppress
from functools import partial
from uuid import UUID

from assistant.prompt.model_terms import terms_of
from assistant.prompt.tokens import counted
from auth.viewer import Viewer
from db.billing.usage import estimate_tokens
from db.conversations import branches, titles
from db.core.base import now
from db.core.engine import Database
from db.models.conversations import Conversation
from db.models.messages import Message
from db.models.usage import Tokens
from errors import BudgetExceeded, Forbidden, NotFound
from integrations.llm.chat_completions import Delta, Finished, ModelFailure, Turn
from integrations.llm.routing import ModelRouter
from jobs.runner.job_run import JobContext

AT_ONCE = 8
MAX_TOKENS = 300  # a reasoning model needs some before its first word
MAX_READ = 2_000  # characters of each message
INSTRUCTIONS = (
    "Give the conversation a title of three to six words in its own language. Answer with the title alone, without "
    "quotation marks."
)


class Titles:
    """Handler of title jobs. When the model fails, the title taken from the text stays."""

    def __init__(self, database: Database, model: ModelRouter) -> None:
        self._database, self._model = database, model

    async def __call__(self, context: JobContext) -> None:
        conversation_id = UUID(context.job.arguments["conversation_id"])
        conversation = await self._database.find(Conversation, context.viewer, conversation_id)
        if conversation is None or conversation.is_named or conversation.leaf_id is None:
            return
        messages = await self._database.read(
            branches.first_page, context.viewer, conversation_id=conversation_id, leaf_id=conversation.leaf_id, limit=2
        )
        await self._name(context.viewer, conversation, messages)

    async def _name(self, viewer: Viewer, conversation: Conversation, messages: Sequence[Message]) -> None:
        offer = self._model.offer(conversation.model)
        terms = terms_of(offer, now().date())
        turns = [
            Turn("system", INSTRUCTIONS),
            Turn("user", "\n\n".join(message.text[:MAX_READ] for message in messages)),
        ]
        reserved = Tokens(_prompt_tokens(turns), MAX_TOKENS)
        try:
            await self._database.write(titles.reserve, viewer, conversation.id, offer.name, terms, reserved)
        except (BudgetExceeded, Forbidden, NotFound):
            return
        text, finished = "", Finished("", None, None)
        with suppress(ModelFailure):
            async with aclosing(self._model.stream(turns, model=offer.name, max_tokens=MAX_TOKENS)) as events:
                async for event in events:
                    if isinstance(event, Delta):
                        text += event.text
                    else:
                        finished = event
        tokens = counted(turns, text, finished)
        cost = terms.cost(tokens)
        keep = partial(titles.store, title=text, tokens=tokens, cost_nanos=cost)
        try:
            await self._database.write(keep, viewer, conversation.id)
        except (Forbidden, NotFound):  # the user may not write there any more
            await self._database.write(titles.settle, viewer, conversation.id, tokens, cost)


def _prompt_tokens(turns: Sequence[Turn]) -> int:
    """Return the tokens of the prompt by our own count."""
    return sum(estimate_tokens(turn.text) for turn in turns)
