"""Outcomes of calls that run at the same time."""

import asyncio
from typing import Any

from tests.support.client import Refused


async def gather_outcomes(*calls: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Run calls at the same time; return the payloads of those that succeed and the error codes of the others."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    passed = [result for result in results if isinstance(result, dict)]
    codes = [code for result in results if isinstance(result, Refused) for code in result.codes]
    assert len(passed) + len(codes) == len(results), results
    return passed, codes
