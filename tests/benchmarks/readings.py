"""CPU time of recording readings, which the server validates, checks and inserts in one transaction."""

import time

from tests.benchmarks.measuring import ROUNDS
from tests.support.app import App
from tests.support.client import Client

AT_ONCE, TARGET = 1_000, 0.3  # seconds of one processor for so many readings


async def readings(app: App, client: Client) -> None:
    """Record readings of four modules in rounds and print the best."""
    organization = await app.organization(client)
    site = (await client.mutate("createSite", "{ site { id } }", organizationId=organization, name="Depot"))["site"]
    modules = [
        (await client.mutate("createModule", "{ module { id } }", siteId=site["id"], name=f"Pump {n}", kind="pump"))[
            "module"
        ]["id"]
        for n in range(4)
    ]
    took = []
    for _ in range(min(ROUNDS, 5)):
        given = [
            {"moduleId": modules[n % 4], "metric": "flow", "value": n, "at": f"2025-01-31T22:{n % 60:02}:00Z"}
            for n in range(AT_ONCE)
        ]
        started = time.process_time()
        await client.mutate("recordReadings", "{ count }", readings=given)
        took.append(time.process_time() - started)
    verdict = "" if min(took) < TARGET else f"   ABOVE {TARGET} s"
    print(f"{'recordReadings of 1,000':34} {min(took) * 1e6:9.0f} µs{verdict}")
