"""Chat models, and a client of the Chat Completions API that most providers share."""

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
MAX_RETRY_WAIT = 5.0
_END: Final = object()

Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """Message of a conversation; `images` are `data:` URLs."""

    role: Literal["system", "user", "assistant"]
    text: str
    images: Sequence[str] = ()


@dataclass(frozen=True)
class Delta:
    """Next piece of the reply: never empty, without NUL and lone surrogates."""

    text: str


@dataclass(frozen=True)
class _Call:
    """Arguments of one call."""

    turns: Sequence[Turn]
    model: str
    temperature: float | None
    max_tokens: int | None
    schema: Schema | None


class ChatModel(Protocol):
    """Model that answers a conversation."""

    def stream(
        self,
        turns: Sequence[Turn],
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        schema: Schema | None = None,
    ) -> AsyncGenerator[Delta | Finished, None]:
        """Stream deltas in order, then exactly one Finished. Raises ModelFailure.

        With a strict JSON `schema`, the text is JSON of that schema, as far as the provider supports it. Close the
        generator (`contextlib.aclosing`), or cancel the task that reads it, to close the provider's connection.
        """
        ...

    async def close(self) -> None: ...


class ChatCompletions:
    """Client of a Chat Completions endpoint: OpenAI, Ollama, vLLM, llama.cpp.

    Raises ModelFailure BAD_SETTING at once for an impossible key or address. `clients` may be shared.
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
            raise failures.bad_setting(names.key, "is empty or has characters that no key can have")
        self._base_url = base_url or OPENAI_URL
        self._model = model
        self._deadlines = deadlines or Deadlines()
        self._explain = Explain(base_url=self._base_url, api_key=self._key, names=names)
        # OpenAI's newer models accept only the long name, most other servers only the short one.
        self._max_tokens = "max_completion_tokens" if self._base_url == OPENAI_URL else "max_tokens"
        self._counts_tokens = True
        self._clients = clients or Clients()

    async def warm(self) -> None:
        """Import the SDK (0.5 s) off the event loop, so that the first reply need not wait for it."""
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
        """Stream a reply; see ChatModel. There are at most two tries before the first token and none after it."""
        clock = Clock(self._deadlines)
        reply = Reply()
        call = _Call(turns, model or self._model, temperature, max_tokens, schema)
        events = await self._open(call, clock)
        try:
            while (event := await self._next(events, call, reply, clock)) is not _END:
                if text := reply.take(event):
                    yield Delta(text)
            if rest := reply.rest():
                yield Delta(rest)
            if not reply.heard:
                raise self._explain.not_a_stream()
            yield reply.finished()
        finally:
            await events.close()

    def _request(self, call: _Call) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": call.model,
            "messages": [{"role": turn.role, "content": _content(turn)} for turn in call.turns],
            "stream": True,
        }
        if self._counts_tokens:
            request["stream_options"] = {"include_usage": True}
        if call.temperature is not None:
            request["temperature"] = call.temperature
        if call.max_tokens is not None:
            request[self._max_tokens] = call.max_tokens
        if call.schema is not None:
            named = {"name": "answer", "strict": True, "schema": call.schema}
            request["response_format"] = {"type": "json_schema", "json_schema": named}
        return request

    async def _open(self, call: _Call, clock: Clock) -> "AsyncStream[Any]":
        client = await self._clients.client(self._key, self._base_url, self._deadlines)
        from openai import APIError, APIStatusError, AsyncStream

        for tried in range(1, TRIES + 1):
            seconds, late = clock.limit(None)
            try:
                async with asyncio.timeout(seconds):
                    # As plain JSON: validating events into the SDK's models is a fifth of their cost.
                    return await client.post(
                        "/chat/completions",
                        cast_to=object,
                        body=self._request(call),
                        stream=True,
                        stream_cls=AsyncStream[object],
                    )
            except TimeoutError:
                raise late from None
            except APIError as error:
                failure = self._explain.error(error, call.model)
                refused = isinstance(error, APIStatusError) and self._learn(error)
                wait = 0.0 if refused else _retry_wait(error)
            again = (failure.retryable or refused) and tried < TRIES and wait < clock.limit(None)[0]
            if not again or wait > MAX_RETRY_WAIT:
                raise failure from None
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _learn(self, error: "APIStatusError") -> bool:
        """Return whether the provider refused an optional parameter, and leave it out of later calls."""
        if error.status_code not in (400, 422):
            return False
        detail = str(error.body)
        if "stream_options" in detail and self._counts_tokens:
            self._counts_tokens = False
            return True
        if "max_tokens" in detail and "max_completion_tokens" in detail and self._max_tokens == "max_tokens":
            self._max_tokens = "max_completion_tokens"
            return True
        return False

    async def _next(self, events: "AsyncStream[Any]", call: _Call, reply: Reply, clock: Clock) -> object:
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
            failure = self._explain.error(error, call.model)
        except (ValueError, TypeError, RecursionError):
            failure = failures.bad_event()
        if reply.reason is not None:
            return _END
        raise failure from None


def _retry_wait(error: "APIError") -> float:
    """Return the seconds before the second try: those that the provider asks for, else 0.5."""
    wait = failures.retry_after(error)
    return 0.5 if wait is None else wait


def _content(turn: Turn) -> str | list[dict[str, Any]]:
    """Return the content of a message: plain text without images, because not every provider accepts parts."""
    if not turn.images:
        return turn.text
    images = [{"type": "image_url", "image_url": {"url": url}} for url in turn.images]
    return [{"type": "text", "text": turn.text}, *images]
