"""How many tokens a text is to a model: counted where the encoding's file is at hand, else estimated."""

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from db.usage import estimated

Count: TypeAlias = Callable[[str], int]

# What tiktoken calls the file of the encoding o200k_base in its cache: the digest of where it is from.
URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
FILE = hashlib.sha1(URL.encode(), usedforsecurity=False).hexdigest()
SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


@lru_cache(maxsize=1)
def counter() -> Count:
    """Counts with o200k_base if TIKTOKEN_CACHE_DIR holds its file; estimates otherwise. Nothing is ever fetched.

    The first call reads the file, which takes a second: make it in a thread.
    """
    directory = os.environ.get("TIKTOKEN_CACHE_DIR")
    if not directory or not is_whole(Path(directory) / FILE):
        return estimated
    import tiktoken

    encoding = tiktoken.get_encoding("o200k_base")
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def is_whole(path: Path) -> bool:
    """Whether the encoding's file is there as it should be: tiktoken would fetch another one."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    except OSError:
        return False
