"""Query plans of PostgreSQL."""

from collections.abc import Iterator
from typing import Any


def plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's node and all nodes below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from plan_nodes(child)
