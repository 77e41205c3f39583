"""What can go wrong between here and a model provider, each with a code and what to do."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from openai import APIConnectionError, APIError, APIStatusError


LONGEST_WAIT = 86_400.0  # seconds that a provider may ask us to wait


class ModelFailure(Exception):
    """A reply that did not arrive whole; `code` is stable, `message` never holds the key.

    `retry_after` are the seconds after which another try makes sense, if that is known.
    """

    def __init__(self, code: str, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True)
class Names:
    """What an operator has to correct, by the name that it has in the settings."""

    key: str = "OPENAI_API_KEY"
    base_url: str = "OPENAI_BASE_URL"
    model: str = "OPENAI_MODEL"

    @classmethod
    def of_profile(cls, name: str) -> "Names":
        return cls(*(f"{field} of “{name}” in LLM_PROFILES" for field in ("api_key", "base_url", "models")))


def first_token_timeout(seconds: float) -> ModelFailure:
    return ModelFailure(
        "FIRST_TOKEN_TIMEOUT",
        f"The model provider did not begin to answer within {seconds:g} s: try again.",
        retryable=True,
    )


def token_timeout(seconds: float) -> ModelFailure:
    return ModelFailure(
        "TOKEN_TIMEOUT",
        f"The model provider fell silent for {seconds:g} s in the middle of the reply: try again.",
        retryable=True,
    )


def total_timeout(seconds: float) -> ModelFailure:
    return ModelFailure(
        "TOTAL_TIMEOUT",
        f"The reply was not finished after {seconds:g} s: ask for less at once.",
        retryable=False,
    )


def incomplete() -> ModelFailure:
    return ModelFailure("INCOMPLETE", "The reply ended without saying that it was finished: try again.", retryable=True)


def bad_event() -> ModelFailure:
    return ModelFailure(
        "BAD_EVENT",
        "The model provider sent something that is not a Chat Completions event: try again, and if it "
        "stays so check the address that it was called at.",
        retryable=True,
    )


def too_long(characters: int) -> ModelFailure:
    return ModelFailure(
        "REPLY_TOO_LONG",
        f"The reply passed {characters:,} characters and was stopped: ask for less at once.",
        retryable=False,
    )


def unavailable(name: str, seconds: float) -> ModelFailure:
    return ModelFailure(
        "PROVIDER_UNAVAILABLE",
        f"The model provider “{name}” failed again and again and is left alone for now: try again in {seconds:.0f} s.",
        retryable=True,
        retry_after=seconds,
    )


def filtered() -> ModelFailure:
    return ModelFailure(
        "CONTENT_FILTERED",
        "The model provider held the reply back because of its content: put the question in other words.",
        retryable=False,
    )


def cut_short() -> ModelFailure:
    return ModelFailure(
        "CUT_SHORT",
        "The reply reached the longest that the model writes at once: ask it to go on, or allow more tokens.",
        retryable=False,
    )


def bad_setting(name: str, reason: str) -> ModelFailure:
    return ModelFailure("BAD_SETTING", f"{name} {reason}: correct it and restart.", retryable=False)


class Explain:
    """Turns what the SDK raises into a ModelFailure; knows the endpoint and the key it must not repeat."""

    def __init__(self, *, base_url: str, api_key: str, names: Names) -> None:
        self._key, self._names = api_key, names
        self._where = _place(base_url, names.base_url)

    def not_a_stream(self) -> ModelFailure:
        return ModelFailure(
            "NOT_A_STREAM",
            f"{self._where} answered 200 without one Chat Completions event: check {self._names.base_url} "
            "(it usually ends in /v1).",
            retryable=False,
        )

    def error(self, error: "APIError", model: str) -> ModelFailure:
        """Any error of the SDK, before or within the stream."""
        from openai import APIConnectionError, APIStatusError

        if isinstance(error, APIStatusError):
            return self._status(error, model)
        if isinstance(error, APIConnectionError):
            return self._connection(error)
        return ModelFailure(
            "PROVIDER_FAILED",
            f"The model provider gave up with “{self._quote(error)}”: try again.",
            retryable=True,
        )

    def _connection(self, error: "APIConnectionError") -> ModelFailure:
        from httpx2 import ConnectError, ConnectTimeout, PoolTimeout
        from openai import APITimeoutError

        cause = error.__cause__
        if isinstance(cause, ConnectTimeout | PoolTimeout):
            return ModelFailure(
                "CONNECT_TIMEOUT",
                f"{self._where} did not accept a connection in time: try again, and if it stays so check "
                f"{self._names.base_url} and the network.",
                retryable=True,
            )
        if isinstance(cause, ConnectError):
            return ModelFailure(
                "CONNECT_FAILED",
                f"Could not connect to {self._where}: check that it is running and that {self._names.base_url} is "
                "right.",
                retryable=True,
            )
        if isinstance(error, APITimeoutError):
            return ModelFailure("SEND_TIMEOUT", f"{self._where} did not take the request.", retryable=True)
        return ModelFailure("CONNECTION_CUT", "The model provider cut the connection: try again.", retryable=True)

    def _status(self, error: "APIStatusError", model: str) -> ModelFailure:
        status = error.status_code
        if status in (401, 403):
            return ModelFailure(
                "KEY_REFUSED",
                f"The model provider refused the key ({status}): check {self._names.key} and what it may use.",
                retryable=False,
            )
        if status == 404:
            return ModelFailure(
                "MODEL_NOT_FOUND",
                f"{self._where} has no model “{model}”: check {self._names.model} and {self._names.base_url}.",
                retryable=False,
            )
        if status == 429:
            return self._too_many(error)
        if status in (408, 409) or status >= 500:
            return ModelFailure(
                "PROVIDER_FAILED",
                f"The model provider failed ({status}): try again in a moment.",
                retryable=True,
                retry_after=retry_after(error),
            )
        if error.code == "content_filter":
            return filtered()
        if error.code == "context_length_exceeded":
            return ModelFailure(
                "CONTEXT_TOO_LONG",
                "The conversation is longer than the model can read: start a new one or paste less.",
                retryable=False,
            )
        return ModelFailure(
            "REQUEST_REFUSED",
            f"The model provider refused the request ({status}) with “{self._quote(error)}”: change the "
            "request or the model.",
            retryable=False,
        )

    def _too_many(self, error: "APIStatusError") -> ModelFailure:
        if error.code == "insufficient_quota":
            return ModelFailure(
                "QUOTA_EXHAUSTED",
                f"The account behind {self._names.key} has no credit left: add some or use another key.",
                retryable=False,
            )
        return ModelFailure(
            "RATE_LIMITED",
            "The model provider takes no more requests just now: wait a minute and try again.",
            retryable=True,
            retry_after=retry_after(error),
        )

    def _quote(self, error: "APIError") -> str:
        said = error.body.get("message") if isinstance(error.body, dict) else error.body
        text = " ".join(said.split()) if isinstance(said, str) and said else type(error).__name__
        return re.sub(r"\bsk-[\w*.-]+", "sk-…", text.replace(self._key, "…"))[:200]


def retry_after(error: "APIError") -> float | None:
    """Seconds that the provider asks us to wait, of its header Retry-After in either form."""
    response = getattr(error, "response", None)
    asked = None if response is None else response.headers.get("retry-after")
    if asked is None:
        return None
    try:
        seconds = float(asked) if asked.strip().isdigit() else _seconds_until(parsedate_to_datetime(asked))
    except ValueError:
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _seconds_until(moment: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def _place(base_url: str, name: str) -> str:
    """The address as it may be shown: credentials in it are secrets too."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise bad_setting(name, "is not an address such as http://localhost:11434/v1")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
