"""State of one reply that is being received, and its deadlines."""

import asyncio
from dataclasses import dataclass
from typing import Any

from integrations.llm import failures
from integrations.llm.failures import ModelFailure

MAX_CHARACTERS = 1_000_000
# After `finish_reason` only the token counts are missing, which are not worth a long wait.
TRAILER_SECONDS = 2.0


@dataclass(frozen=True)
class Finished:
    """End of a complete reply: the reason (`stop`, `length`, `content_filter` …) and the tokens, if reported.

    Cached tokens are part of the input tokens, reasoning tokens part of the output tokens.
    """

    reason: str
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True)
class Deadlines:
    """Deadlines in seconds; `first_token` runs from the call and includes a second try."""

    connect: float = 5.0
    first_token: float = 30.0
    between_tokens: float = 30.0
    total: float = 600.0


class Clock:
    """Timer of one reply: the next deadline, and the failure when it passes."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._started = asyncio.get_running_loop().time()
        self._first_token = failures.first_token_timeout(deadlines.first_token)
        self._token = failures.token_timeout(deadlines.between_tokens)
        self._total = failures.total_timeout(deadlines.total)

    def limit(self, reply: "Reply | None") -> tuple[float, ModelFailure]:
        """Return the seconds until the next deadline, and the failure to raise when it passes."""
        wait = self._deadlines
        spent = asyncio.get_running_loop().time() - self._started
        if reply is None or not reply.heard:
            seconds, late = wait.first_token - spent, self._first_token
        elif reply.reason is None:
            seconds, late = wait.between_tokens, self._token
        else:
            seconds, late = TRAILER_SECONDS, self._token
        left = wait.total - spent
        return (seconds, late) if seconds < left else (left, self._total)


class Reply:
    """Parser of the events of one reply."""

    def __init__(self) -> None:
        self.heard = False
        self.reason: str | None = None
        self._tokens: tuple[int | None, ...] = (None, None)
        self._length = 0
        self._half = ""

    def take(self, event: Any) -> str:
        """Return the text in one decoded event. Raises ModelFailure for an event of another shape."""
        self.heard = True
        try:
            return self._clean("".join(self._texts(event)))
        except (AttributeError, TypeError):
            raise failures.bad_event() from None

    def rest(self) -> str:
        """Return a replacement character if half a character was never completed."""
        half, self._half = self._half, ""
        return "\N{REPLACEMENT CHARACTER}" if half else ""

    def finished(self) -> Finished:
        """Return the end of the reply. Raises ModelFailure INCOMPLETE when no finish reason was sent."""
        if self.reason is None:
            raise failures.incomplete()
        return Finished(self.reason, *self._tokens)

    def _texts(self, event: Any) -> list[str]:
        if (usage := event.get("usage")) is not None:
            self._tokens = _counts(usage)
        texts: list[str] = []
        for choice in event.get("choices") or ():
            if (reason := choice.get("finish_reason")) is not None:
                self.reason = str(reason)
            if (delta := choice.get("delta")) is not None:
                texts += [text for text in (delta.get("content"), delta.get("refusal")) if text is not None]
        return texts

    def _clean(self, text: str) -> str:
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            raise failures.too_long(MAX_CHARACTERS)
        text = self._half + text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        # Some providers split a character outside the BMP into two surrogates, in two events.
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        whole = text[: len(text) - len(self._half)]
        return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _counts(usage: Any) -> tuple[int | None, ...]:
    """Return the tokens of input, output, cache and reasoning; many servers report only the first two."""
    return (
        _count(usage, "prompt_tokens"),
        _count(usage, "completion_tokens"),
        _count(usage.get("prompt_tokens_details"), "cached_tokens"),
        _count(usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _count(counts: object, name: str) -> int | None:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and value >= 0 else None
