"""Query plans of both databases, and the reads to explain."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import db.models  # noqa: F401  the metadata is complete only when all models are loaded
from db.core.base import Base
from db.core.pagination import Listing, Window
from db.core.prepared import Prepared


def plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's node and all nodes below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from plan_nodes(child)


# A subquery's rows are there already, and a list of ids is a table to SQLite.
TABLE_SCAN = re.compile(rf"SCAN ({'|'.join(Base.metadata.tables)})(_\d+)?\b")


WINDOWS = [Window(1), Window(1, backwards=True), Window(1, uuid4()), Window(1, uuid4(), backwards=True)]


def variants(listing: Listing[Any]) -> Iterator[tuple[str, Prepared[Any]]]:
    """Yield the queries of a list: with each condition, with all and with none, forwards and backwards."""
    for arguments in {frozenset[str](), *(frozenset([name]) for name in listing.optional), frozenset(listing.optional)}:
        yield f"total {sorted(arguments)}", listing.total(arguments)
        for window in WINDOWS:
            yield f"{window} {sorted(arguments)}", listing.rows(window, arguments)
