"""A model that answers a conversation, and the Chat Completions dialect that most providers speak."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

from integrations.llm import failures
from integrations.llm.clients import Clients
from integrations.llm.failures import Explain, ModelFailure, Names
from integrations.llm.reply_stream import Clock, Deadlines, Finished, Reply

if TYPE_CHECKING:
    from openai import APIError, APIStatusError, AsyncStream

__all__ = ["ChatCompletions", "ChatModel", "Deadlines", "Delta", "Finished", "ModelFailure", "Schema", "Turn"]

OPENAI_URL = "https://api.openai.com/v1"
TRIES = 2
LONGEST_RETRY_WAIT = 5.0
_END: Final = object()

Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """What somebody said; `images` are `data:` URLs."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: Sequence[str] = ()


@dataclass(frozen=True)
class Delta:
    """The next piece of the reply: never empty, no NUL, no lone surrogate."""

    text: str


@dataclass(frozen=True)
class _Ask:
    """One call, as the caller put it."""

    turns: Sequence[Turn]
    model: str
    temperature: float | None
    max_tokens: int | None
    schema: Schema | None


class ChatModel(Protocol):
    def stream(
        self,
        turns: Sequence[Turn],
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        schema: Schema | None = None,
    ) -> AsyncGenerator[Delta | Finished, None]:
        """Deltas in order, then exactly one Finished; anything else raises ModelFailure.

        With a strict JSON `schema` the text is JSON of it, as far as the provider keeps to it.

        Close it (`contextlib.aclosing`) or cancel the task that reads it to hang up on the provider.
        """
        ...

    async def close(self) -> None: ...


class ChatCompletions:
    """Any endpoint of the Chat Completions dialect: OpenAI, Ollama, vLLM, llama.cpp.

    Raises ModelFailure BAD_SETTING at once for a key or an address that cannot be one. `clients` may be shared
    with other endpoints.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None,
        model: str,
        deadlines: Deadlines | None = None,
        names: Names | None = None,
        clients: Clients | None = None,
    ) -> None:
        self._key, names = api_key.strip(), names or Names()
        if not self._key or not (self._key.isascii() and self._key.isprintable()):
            raise failures.bad_setting(names.key, "is empty or holds characters that no key has")
        self._base_url = base_url or OPENAI_URL
        self._model = model
        self._deadlines = deadlines or Deadlines()
        self._explain = Explain(base_url=self._base_url, api_key=self._key, names=names)
        # OpenAI's newer models take only the long name, other servers know only the short one.
        self._max_tokens = "max_completion_tokens" if self._base_url == OPENAI_URL else "max_tokens"
        self._counts_tokens = True
        self._clients = clients or Clients()

    async def warm(self) -> None:
        """Import the SDK (half a second) off the event loop, so that the first reply need not wait for it."""
        await self._clients.warm()

    async def close(self) -> None:
        await self._clients.close()

    async def stream(
        self,
        turns: Sequence[Turn],
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        schema: Schema | None = None,
    ) -> AsyncGenerator[Delta | Finished, None]:
        """See ChatModel. At most two tries before the first token, none after it."""
        clock = Clock(self._deadlines)
        reply = Reply()
        ask = _Ask(turns, model or self._model, temperature, max_tokens, schema)
        events = await self._open(ask, clock)
        try:
            while (event := await self._next(events, ask, reply, clock)) is not _END:
                if text := reply.take(event):
                    yield Delta(text)
            if rest := reply.rest():
                yield Delta(rest)
            if not reply.heard:
                raise self._explain.not_a_stream()
            yield reply.finished()
        finally:
            await events.close()

    def _request(self, ask: _Ask) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": ask.model,
            "messages": [{"role": turn.role, "content": _content(turn)} for turn in ask.turns],
            "stream": True,
        }
        if self._counts_tokens:
            request["stream_options"] = {"include_usage": True}
        if ask.temperature is not None:
            request["temperature"] = ask.temperature
        if ask.max_tokens is not None:
            request[self._max_tokens] = ask.max_tokens
        if ask.schema is not None:
            named = {"name": "answer", "strict": True, "schema": ask.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": named}
        return request

    async def _open(self, ask: _Ask, clock: Clock) -> "AsyncStream[Any]":
        client = await self._clients.client(self._key, self._base_url, self._deadlines)
        from openai import APIError, APIStatusError, AsyncStream

        for tried in range(1, TRIES + 1):
            seconds, late = clock.limit(None)
            try:
                async with asyncio.timeout(seconds):
                    # As plain JSON: to make the SDK's models of it is a fifth of what an event costs.
                    return await client.post(
                        "/chat/completions",
                        cast_to=object,
                        body=self._request(ask),
                        stream=True,
                        stream_cls=AsyncStream[object],
                    )
            except TimeoutError:
                raise late from None
            except APIError as error:
                failure = self._explain.error(error, ask.model)
                refused = isinstance(error, APIStatusError) and self._learn(error)
                wait = 0.0 if refused else _retry_wait(error)
            again = (failure.retryable or refused) and tried < TRIES and wait < clock.limit(None)[0]
            if not again or wait > LONGEST_RETRY_WAIT:
                raise failure from None
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _learn(self, error: "APIStatusError") -> bool:
        """Whether the provider refused a parameter that we can do without, from now on."""
        if error.status_code not in (400, 422):
            return False
        said = str(error.body)
        if "stream_options" in said and self._counts_tokens:
            self._counts_tokens = False
            return True
        if "max_tokens" in said and "max_completion_tokens" in said and self._max_tokens == "max_tokens":
            self._max_tokens = "max_completion_tokens"
            return True
        return False

    async def _next(self, events: "AsyncStream[Any]", ask: _Ask, reply: Reply, clock: Clock) -> object:
        from openai import APIError

        seconds, failure = clock.limit(reply)
        try:
            async with asyncio.timeout(seconds):
                return await anext(events)
        except StopAsyncIteration:
            return _END
        except TimeoutError:
            pass
        except APIError as error:
            failure = self._explain.error(error, ask.model)
        except (ValueError, TypeError, RecursionError):
            failure = failures.bad_event()
        if reply.reason is not None:
            return _END
        raise failure from None


def _retry_wait(error: "APIError") -> float:
    """Seconds before the second try: what the provider asks for, else half a second."""
    asked = failures.retry_after(error)
    return 0.5 if asked is None else asked


def _content(turn: Turn) -> str | list[dict[str, Any]]:
    """Plain text where there are no images: not every provider takes parts."""
    if not turn.images:
        return turn.text
    images = [{"type": "image_url", "image_url": {"url": url}} for url in turn.images]
    return [{"type": "text", "text": turn.text}, *images]
