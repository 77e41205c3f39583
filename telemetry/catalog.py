"""Catalog of the metrics: names, meanings, labels and buckets.

`deploy/grafana.json` and `deploy/alerts.yaml` use these names; a test compares them.
"""

from dataclasses import dataclass
from typing import Literal

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LONG_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


@dataclass(frozen=True)
class Family:
    """Metric with its labels; the names of counters end in `_total` when they are exposed."""

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = SECONDS


def _counter(name: str, meaning: str, *labels: str) -> Family:
    return Family("counter", f"sheetgpt_{name}", meaning, labels)


def _gauge(name: str, meaning: str, *labels: str) -> Family:
    return Family("gauge", f"sheetgpt_{name}", meaning, labels)


def _histogram(name: str, meaning: str, *labels: str, buckets: tuple[float, ...] = SECONDS) -> Family:
    return Family("histogram", f"sheetgpt_{name}", meaning, labels, buckets)


BUILD = _gauge("build_info", "Version of the server; the value is always 1.", "version")
READY = _gauge("ready", "1 while the server accepts requests, 0 while it drains.")
LOOP_DELAY = _histogram("event_loop_delay_seconds", "Time by which a timer of the event loop fired late.")

HTTP_REQUESTS = _histogram("http_request_seconds", "Duration of HTTP requests.", "route", "status")
OPERATIONS = _counter("operations", "GraphQL operations that ended.", "kind", "operation", "outcome")
OPERATION_SECONDS = _histogram("operation_seconds", "Duration of queries and mutations.", "kind", "operation")
ERRORS = _counter("errors", "Errors that clients were told of, by code.", "code")
LIMITS = _counter("limits_refused", "Attempts that a limit refused.", "limit")

STREAMS = _gauge("open_streams", "Open WebSockets and event streams.", "kind")
DELTA_DELAY = _histogram("delta_delay_seconds", "Time from a piece of a reply to its delivery to a subscriber.")

DATABASE_SECONDS = _histogram("database_seconds", "Duration of reads, streams and writes, waits included.", "lane")
DATABASE_CONNECTIONS = _gauge(
    "database_connections", "Connections to the database, by pool and state.", "pool", "state"
)
WAITING = _gauge("waiting", "Tasks that wait for a slot or a thread.", "queue")
CACHES = _counter("cache_requests", "Requests to a cache, by result (hit or miss).", "cache", "result")
OUTAGE = _gauge("outage", "1 while a service that the server depends on is away.", "service")

JOBS = _gauge("jobs", "Jobs that have not ended, by kind and state.", "kind", "state")
JOB_AGE = _gauge("job_oldest_seconds", "Age of the oldest job that has not ended.", "kind", "state")
JOB_RUNS = _counter("job_runs", "Attempts at jobs that ended, by result.", "kind", "result")
JOB_SECONDS = _histogram("job_seconds", "Duration of an attempt at a job.", "kind", buckets=LONG_SECONDS)

MODEL_CALLS = _counter("model_calls", "Calls of language models, by result.", "model", "result")
MODEL_SECONDS = _histogram("model_call_seconds", "Duration of calls of language models.", "model", buckets=LONG_SECONDS)
MODEL_FIRST_TOKEN = _histogram(
    "model_first_token_seconds", "Time to the first token of a call.", "model", buckets=LONG_SECONDS
)
MODEL_TOKENS = _counter("model_tokens", "Tokens of language models that were billed.", "model", "direction")
MODEL_COST = _counter("model_cost", "Cost of language models in the currency of CURRENCY.", "model")

FAMILIES = tuple(value for value in list(globals().values()) if isinstance(value, Family))
