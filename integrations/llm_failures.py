"""What can go wrong between here and a model provider, each with a code and what to do."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from openai import APIConnectionError, APIError, APIStatusError


class ModelFailure(Exception):
    """A reply that did not arrive whole; `code` is stable, `message` never holds the key."""

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        self.code = code
        self.message = message
        self.retryable = retryable
        super().__init__(f"{code}: {message}")


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
        "stays so check OPENAI_BASE_URL.",
        retryable=True,
    )


def too_long(characters: int) -> ModelFailure:
    return ModelFailure(
        "REPLY_TOO_LONG",
        f"The reply passed {characters:,} characters and was stopped: ask for less at once.",
        retryable=False,
    )


def bad_setting(name: str, reason: str) -> ModelFailure:
    return ModelFailure("BAD_SETTING", f"{name} {reason}: correct it and restart.", retryable=False)


class Explain:
    """Turns what the SDK raises into a ModelFailure; knows the endpoint and the key it must not repeat."""

    def __init__(self, *, base_url: str, api_key: str) -> None:
        self._key = api_key
        self._where = _place(base_url)

    def not_a_stream(self) -> ModelFailure:
        return ModelFailure(
            "NOT_A_STREAM",
            f"{self._where} answered 200 without one Chat Completions event: check OPENAI_BASE_URL "
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
                "OPENAI_BASE_URL and the network.",
                retryable=True,
            )
        if isinstance(cause, ConnectError):
            return ModelFailure(
                "CONNECT_FAILED",
                f"Could not connect to {self._where}: check that it is running and that OPENAI_BASE_URL is right.",
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
                f"The model provider refused the key ({status}): check OPENAI_API_KEY and what it may use.",
                retryable=False,
            )
        if status == 404:
            return ModelFailure(
                "MODEL_NOT_FOUND",
                f"{self._where} has no model “{model}”: check OPENAI_MODEL and OPENAI_BASE_URL.",
                retryable=False,
            )
        if status == 429:
            return self._too_many(error)
        if status in (408, 409) or status >= 500:
            return ModelFailure(
                "PROVIDER_FAILED",
                f"The model provider failed ({status}): try again in a moment.",
                retryable=True,
            )
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
                "The account behind OPENAI_API_KEY has no credit left: add some or use another key.",
                retryable=False,
            )
        return ModelFailure(
            "RATE_LIMITED",
            "The model provider takes no more requests just now: wait a minute and try again.",
            retryable=True,
        )

    def _quote(self, error: "APIError") -> str:
        said = error.body.get("message") if isinstance(error.body, dict) else error.body
        text = " ".join(said.split()) if isinstance(said, str) and said else type(error).__name__
        return re.sub(r"\bsk-[\w*.-]+", "sk-…", text.replace(self._key, "…"))[:200]


def _place(base_url: str) -> str:
    """The address as it may be shown: credentials in it are secrets too."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise bad_setting("OPENAI_BASE_URL", "is not an address such as http://localhost:11434/v1")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
