"""Token counts of texts: exact where the encoding's file is available, else estimated."""

import hashlib
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from db.billing.usage import estimate_tokens
from db.models.usage import Tokens
from integrations.llm.chat_completions import Finished, Turn

Count: TypeAlias = Callable[[str], int]

# tiktoken names the file of an encoding in its cache by the SHA-1 of its URL.
URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
FILE = hashlib.sha1(URL.encode(), usedforsecurity=False).hexdigest()
SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


@lru_cache(maxsize=1)
def counter() -> Count:
    """Return the counter of o200k_base if TIKTOKEN_CACHE_DIR has its file, else the estimate; download nothing.

    The first call reads the file, which takes a second: call it in a thread.
    """
    directory = os.environ.get("TIKTOKEN_CACHE_DIR")
    if not directory or not is_whole(Path(directory) / FILE):
        return estimate_tokens
    import tiktoken

    encoding = tiktoken.get_encoding("o200k_base")
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def is_whole(path: Path) -> bool:
    """Return whether the encoding's file is present and intact: tiktoken would download a new one otherwise."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    except OSError:
        return False


def counted(turns: Sequence[Turn], text: str, finished: Finished) -> Tokens:
    """Return the tokens as the provider reported them, else by our own count; zero without any reply."""
    if not text and not finished.reason:
        return Tokens()
    return Tokens(
        input=finished.input_tokens or sum(estimate_tokens(turn.text) for turn in turns),
        output=finished.output_tokens or estimate_tokens(text),
        cached=finished.cached_tokens or 0,
        reasoning=finished.reasoning_tokens or 0,
        is_estimated=not (finished.input_tokens and finished.output_tokens),
    )


def added(one: Tokens, other: Tokens) -> Tokens:
    """Return the sum of two counts."""
    return Tokens(
        one.input + other.input,
        one.output + other.output,
        one.cached + other.cached,
        one.reasoning + other.reasoning,
        one.is_estimated or other.is_estimated,
    )
