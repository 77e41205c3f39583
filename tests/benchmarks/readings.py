"""CPU time of recording readings, and of answering a month of a million readings from their sums by hour."""

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID

import sqlalchemy.orm
from uuid_utils.compat import uuid7

from db.core.session import Session
from db.sites import reading_hours
from jobs.aggregation.aggregator import Aggregator
from resolvers.core.ids import decode
from tests.benchmarks.measuring import ROUNDS
from tests.support.app import App
from tests.support.client import Client
from tests.support.world import SYSTEM

AT_ONCE, TARGET = 1_000, 0.3  # seconds of one processor for so many readings
MONTH_READINGS, MONTH_TARGET = 1_000_000, 0.02  # seconds for the aggregates of one month
MONTH_START = datetime(2025, 3, 1, tzinfo=UTC)
INSERT = """INSERT INTO readings (id, module_id, metric, value, at, created_at, updated_at)
VALUES (?, ?, 'level', ?, ?, '2025-04-01', '2025-04-01')"""
MONTH = """query M($id: ID!) { module(id: $id) { aggregates(metric: "level", from: "2025-03-01T00:00:00Z",
  to: "2025-04-01T00:00:00Z", bucket: DAY) { start count min max mean } } }"""


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
        arguments = [
            {"moduleId": modules[n % 4], "metric": "flow", "value": n, "at": f"2025-01-31T22:{n % 60:02}:00Z"}
            for n in range(AT_ONCE)
        ]
        started = time.process_time()
        await client.mutate("recordReadings", "{ count }", readings=arguments)
        took.append(time.process_time() - started)
    verdict = "" if min(took) < TARGET else f"   ABOVE {TARGET} s"
    print(f"{'recordReadings of 1,000':34} {min(took) * 1e6:9.0f} µs{verdict}")
    await _month(app, client, modules[0])


async def _month(app: App, client: Client, module: str) -> None:
    """Store a million readings of one month, sum them up in the background, and ask for their days."""
    decoded = decode(module)
    assert decoded is not None
    await app.backend.database.write(_insert_month, SYSTEM, decoded[1])
    started = time.process_time()
    await Aggregator(app.backend.database).aggregate()
    print(f"{'sums of 1,000,000 readings':34} {(time.process_time() - started) * 1e6:9.0f} µs in the background")
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        days = (await client.run(MONTH, id=module))["module"]["aggregates"]
        took.append(time.perf_counter() - started)
        assert sum(day["count"] for day in days) == MONTH_READINGS
    verdict = "" if median(took) < MONTH_TARGET else f"   ABOVE {MONTH_TARGET} s"
    print(f"{'aggregates of that month':34} {median(took) * 1e6:9.0f} µs, wall clock{verdict}")


def _insert_month(session: Session, module_id: UUID) -> None:
    """Insert the readings with the driver: one request at a time would take minutes."""
    step = timedelta(days=31) / MONTH_READINGS
    connection = sqlalchemy.orm.Session.connection(session).connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    moments = (MONTH_START + n * step for n in range(MONTH_READINGS))
    rows = ((uuid7().hex, module_id.hex, n % 97, f"{at:%Y-%m-%d %H:%M:%S.%f}") for n, at in enumerate(moments))
    connection.executemany(INSERT, rows)
    hours = ((module_id, "level", MONTH_START + timedelta(hours=n)) for n in range(31 * 24))
    reading_hours.mark_stale(session, hours)
