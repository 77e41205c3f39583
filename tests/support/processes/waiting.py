"""Waiting for what others do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


async def until(condition: Callable[[], Awaitable[Any] | Any], seconds: float = 10) -> Any:
    """Return the result of the condition once it is true."""
    async with asyncio.timeout(seconds):
        while True:
            text = condition()
            text = await text if isinstance(text, Awaitable) else text
            if text:
                return text
            await asyncio.sleep(0.01)
