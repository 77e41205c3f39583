"""Cost of the limits for each request: counting, charging and header fields, against the same request without them."""

import time
from dataclasses import replace
from typing import Any

from assembly.application import application
from auth.quotas import Quotas
from tests.benchmarks.measuring import compare
from tests.benchmarks.target import Target
from tests.support.app import App


async def limits(app: App, token: str, requests: list[tuple[str, dict[str, Any]]]) -> None:
    """Print a row for each request, whose floor is the request without limits."""
    product = app.product
    unlimited = replace(product, backend=replace(product.backend, quotas=Quotas()))
    ours, plain = (Target(application(each), "/graphql", token) for each in (product, unlimited))
    for title, body in requests:
        await compare(f"{title}, with limits", ours, body, plain, body, time.process_time)
