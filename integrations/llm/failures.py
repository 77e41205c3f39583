"""Failures of a model provider, each with a stable code and advice.

Messages are stored with replies and jobs, where every reader of a conversation sees them. So they never hold the key
or an address of the provider; the address is logged for the operator instead.
"""

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from integrations.addresses import hide_addresses

if TYPE_CHECKING:
    from openai import APIConnectionError, APIError, APIStatusError


MAX_RETRY_AFTER = 86_400.0  # seconds

log = logging.getLogger("sheetgpt.llm")


class ModelFailure(Exception):
    """Failure of a reply; `code` is stable, `message` is safe to show to any user.

    `retry_after` is the number of seconds after which another try makes sense, if known.
    """

    def __init__(self, code: str, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True)
class Names:
    """Names that the settings of a provider have, for advice to the operator."""

    key: str = "OPENAI_API_KEY"
    base_url: str = "OPENAI_BASE_URL"
    model: str = "OPENAI_MODEL"

    @classmethod
    def of_profile(cls, name: str) -> "Names":
        return cls(*(f"{field} of “{name}” in LLM_PROFILES" for field in ("api_key", "base_url", "models")))


def first_token_timeout(seconds: float) -> ModelFailure:
    return ModelFailure(
        "FIRST_TOKEN_TIMEOUT",
        f"The model provider did not begin to answer within {seconds:g} s. Try again.",
        retryable=True,
    )


def token_timeout(seconds: float) -> ModelFailure:
    return ModelFailure(
        "TOKEN_TIMEOUT",
        f"The model provider sent nothing for {seconds:g} s in the middle of the reply. Try again.",
        retryable=True,
    )


def total_timeout(seconds: float) -> ModelFailure:
    return ModelFailure(
        "TOTAL_TIMEOUT",
        f"The reply was not finished after {seconds:g} s. Ask for less at once.",
        retryable=False,
    )


def incomplete() -> ModelFailure:
    return ModelFailure("INCOMPLETE", "The model provider ended the reply too early. Try again.", retryable=True)


def bad_event() -> ModelFailure:
    return ModelFailure(
        "BAD_EVENT",
        "The model provider sent an invalid Chat Completions event. Try again. If the error persists, ask the "
        "operator to check the provider's address.",
        retryable=True,
    )


def too_long(characters: int) -> ModelFailure:
    return ModelFailure(
        "REPLY_TOO_LONG",
        f"The reply was stopped at {characters:,} characters, the maximum. Ask for less at once.",
        retryable=False,
    )


def unavailable(name: str, seconds: float) -> ModelFailure:
    return ModelFailure(
        "PROVIDER_UNAVAILABLE",
        f"The model provider “{name}” has failed several times and is paused. Try again in {seconds:.0f} s.",
        retryable=True,
        retry_after=seconds,
    )


def filtered() -> ModelFailure:
    return ModelFailure(
        "CONTENT_FILTERED",
        "The model provider withheld the reply because of its content. Rephrase the question.",
        retryable=False,
    )


def cut_short() -> ModelFailure:
    return ModelFailure(
        "CUT_SHORT",
        "The reply reached the model's maximum length. Ask it to continue, or raise `maxTokens`.",
        retryable=False,
    )


def bad_setting(name: str, reason: str) -> ModelFailure:
    return ModelFailure("BAD_SETTING", f"{name} {reason}. Correct it and restart.", retryable=False)


class Explain:
    """Translation of the SDK's errors into ModelFailure; it never repeats the key or the address."""

    def __init__(self, *, base_url: str, api_key: str, names: Names) -> None:
        self._key, self._names = api_key, names
        self._address = _loggable(base_url, names.base_url)
        self._host = urlsplit(base_url).hostname

    def not_a_stream(self) -> ModelFailure:
        return self._logged(self._not_a_stream())

    def error(self, error: "APIError", model: str) -> ModelFailure:
        """Return the failure for an error of the SDK, before or within the stream."""
        return self._logged(self._translated(error, model))

    def _logged(self, failure: ModelFailure) -> ModelFailure:
        # Only the operator may see the address, so it is in the log and not in the message.
        log.warning("The model provider at %s failed: %s", self._address, failure)
        return failure

    def _not_a_stream(self) -> ModelFailure:
        return ModelFailure(
            "NOT_A_STREAM",
            "The model provider answered 200 without a Chat Completions event. Check "
            f"{self._names.base_url} (it usually ends in /v1).",
            retryable=False,
        )

    def _translated(self, error: "APIError", model: str) -> ModelFailure:
        from openai import APIConnectionError, APIStatusError

        if isinstance(error, APIStatusError):
            return self._status(error, model)
        if isinstance(error, APIConnectionError):
            return self._connection(error)
        return ModelFailure(
            "PROVIDER_FAILED",
            f"The model provider failed with “{self._quote(error)}”. Try again.",
            retryable=True,
        )

    def _connection(self, error: "APIConnectionError") -> ModelFailure:
        from httpx2 import ConnectError, ConnectTimeout, PoolTimeout
        from openai import APITimeoutError

        cause = error.__cause__
        if isinstance(cause, ConnectTimeout | PoolTimeout):
            return ModelFailure(
                "CONNECT_TIMEOUT",
                "The model provider did not accept a connection in time. Try again. If the error persists, check "
                f"{self._names.base_url} and the network.",
                retryable=True,
            )
        if isinstance(cause, ConnectError):
            return ModelFailure(
                "CONNECT_FAILED",
                "Could not connect to the model provider. Check that it is running and that "
                f"{self._names.base_url} is right.",
                retryable=True,
            )
        if isinstance(error, APITimeoutError):
            return ModelFailure(
                "SEND_TIMEOUT", "The model provider did not accept the request in time. Try again.", retryable=True
            )
        return ModelFailure("CONNECTION_CUT", "The model provider closed the connection. Try again.", retryable=True)

    def _status(self, error: "APIStatusError", model: str) -> ModelFailure:
        status = error.status_code
        if status in (401, 403):
            return ModelFailure(
                "KEY_REFUSED",
                f"The model provider refused the key ({status}). Check {self._names.key} and its permissions.",
                retryable=False,
            )
        if status == 404:
            return ModelFailure(
                "MODEL_NOT_FOUND",
                f"The model provider has no model “{model}”. Check {self._names.model} and {self._names.base_url}.",
                retryable=False,
            )
        if status == 429:
            return self._too_many(error)
        if status in (408, 409) or status >= 500:
            return ModelFailure(
                "PROVIDER_FAILED",
                f"The model provider failed ({status}). Try again in a moment.",
                retryable=True,
                retry_after=retry_after(error),
            )
        if error.code == "content_filter":
            return filtered()
        if error.code == "context_length_exceeded":
            return ModelFailure(
                "CONTEXT_TOO_LONG",
                "The conversation is longer than the model can read. Start a new one or paste less.",
                retryable=False,
            )
        return ModelFailure(
            "REQUEST_REFUSED",
            f"The model provider refused the request ({status}) with “{self._quote(error)}”. Change "
            "the request or the model.",
            retryable=False,
        )

    def _too_many(self, error: "APIStatusError") -> ModelFailure:
        if error.code == "insufficient_quota":
            return ModelFailure(
                "QUOTA_EXHAUSTED",
                f"The account behind {self._names.key} has no credit left. Add some or use another key.",
                retryable=False,
            )
        return ModelFailure(
            "RATE_LIMITED",
            "The model provider accepts no more requests for now. Wait a minute, then try again.",
            retryable=True,
            retry_after=retry_after(error),
        )

    def _quote(self, error: "APIError") -> str:
        detail = error.body.get("message") if isinstance(error.body, dict) else error.body
        text = " ".join(detail.split()) if isinstance(detail, str) and detail else type(error).__name__
        without_key = re.sub(r"\bsk-[\w*.-]+", "sk-…", text.replace(self._key, "…"))
        return hide_addresses(without_key, self._host)[:200]


def retry_after(error: "APIError") -> float | None:
    """Return the seconds in the provider's Retry-After header, in either of its forms, or None."""
    response = getattr(error, "response", None)
    header = None if response is None else response.headers.get("retry-after")
    if header is None:
        return None
    try:
        seconds = float(header) if header.strip().isdigit() else _seconds_until(parsedate_to_datetime(header))
    except ValueError:
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _seconds_until(moment: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def _loggable(base_url: str, name: str) -> str:
    """Return the address as it may be logged, without credentials. Raises ModelFailure BAD_SETTING."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise bad_setting(name, "is not a URL such as http://localhost:11434/v1")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
