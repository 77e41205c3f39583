"""Router: one model interface for the product, whose calls go to the provider of the model they name."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from integrations.llm.breaker import Breaker
from integrations.llm.catalog import Catalog, Offer
from integrations.llm.chat_completions import ChatCompletions, ChatModel, Delta, Finished, ModelFailure, Schema, Turn
from integrations.llm.clients import Clients
from integrations.llm.failures import Names
from integrations.llm.profiles import DEFAULT, Profile
from integrations.llm.reply_stream import Deadlines
from telemetry import metrics
from telemetry.catalog import MODEL_CALLS, MODEL_FIRST_TOKEN, MODEL_SECONDS


class ModelRouter:
    """ChatModel over the profiles of a catalog, which has at least one.

    Raises ModelFailure BAD_SETTING for an impossible key or address, ProfilesRefused for a key that is missing where a
    profile says it is.
    """

    def __init__(self, catalog: Catalog, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalog = catalog
        self._clients = Clients()
        self._endpoints = {profile.name: _endpoint(profile, self._clients) for profile in catalog.profiles}
        self._breakers = {profile.name: Breaker(profile.name, clock) for profile in catalog.profiles}

    async def warm(self) -> None:
        """Import the SDK off the event loop, so that the first reply need not wait for it."""
        await self._clients.warm()

    async def close(self) -> None:
        await self._clients.close()

    def offer(self, model: str | None) -> Offer:
        """Return the offer of a model; for one that is not offered any more, the default one."""
        return self._catalog.find(model or "") or self._catalog.offers[0]

    async def stream(
        self,
        turns: Sequence[Turn],
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        schema: Schema | None = None,
    ) -> AsyncGenerator[Delta | Finished, None]:
        """Stream a reply; see ChatModel."""
        offer = self.offer(model)
        endpoint: ChatModel = self._endpoints[offer.profile.name]
        events = endpoint.stream(
            turns, model=offer.model, temperature=temperature, max_tokens=max_tokens, schema=schema
        )
        guarded = _guarded(self._breakers[offer.profile.name], events)
        async with aclosing(_measured(offer.name, guarded)) as measured:
            async for event in measured:
                yield event


async def _measured(
    model: str, events: AsyncGenerator[Delta | Finished, None]
) -> AsyncGenerator[Delta | Finished, None]:
    """Record the duration and the result of a call: a finish reason, the code of a failure, or `stopped`."""
    started, result, is_first = time.perf_counter(), "stopped", True
    try:
        async with aclosing(events):
            async for event in events:
                if is_first:
                    metrics.observe(MODEL_FIRST_TOKEN, time.perf_counter() - started, model)
                    is_first = False
                if isinstance(event, Finished):
                    result = event.reason
                yield event
    except ModelFailure as failure:
        result = failure.code
        raise
    finally:
        metrics.count(MODEL_CALLS, model, result)
        metrics.observe(MODEL_SECONDS, time.perf_counter() - started, model)


async def _guarded(
    breaker: Breaker, events: AsyncGenerator[Delta | Finished, None]
) -> AsyncGenerator[Delta | Finished, None]:
    is_trial = breaker.admit()
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Finished):
                    breaker.succeeded()
                else:
                    breaker.heard(is_trial=is_trial)
                yield event
    except ModelFailure as failure:
        breaker.failed(failure, is_trial=is_trial)
        raise
    finally:
        breaker.ended(is_trial=is_trial)


def _endpoint(profile: Profile, clients: Clients) -> ChatCompletions:
    return ChatCompletions(
        api_key=profile.key(),
        base_url=profile.base_url,
        model=profile.models[0].name,
        deadlines=Deadlines(**profile.deadlines.model_dump()),
        names=Names() if profile.name == DEFAULT else Names.of_profile(profile.name),
        clients=clients,
    )
