"""Recording of metrics. Nothing is recorded, and prometheus-client is not loaded, until `enable` was called."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from telemetry.catalog import Family
from telemetry.registry import Registry

_registry: Registry | None = None


def enable() -> Registry:
    """Record from now on, in one registry for the process, and return it."""
    global _registry
    if _registry is None:
        _registry = Registry()
    return _registry


def disable() -> None:
    """Drop the registry with everything that was recorded."""
    global _registry
    _registry = None


def is_enabled() -> bool:
    return _registry is not None


def count(family: Family, *labels: str, amount: float = 1) -> None:
    """Add to a counter."""
    if _registry is not None:
        _registry.series(family, labels).inc(amount)


def observe(family: Family, seconds: float, *labels: str) -> None:
    """Add a duration to a histogram."""
    if _registry is not None:
        _registry.series(family, labels).observe(seconds)


def set_gauge(family: Family, value: float, *labels: str) -> None:
    if _registry is not None:
        _registry.series(family, labels).set(value)


def watch(family: Family, value: Callable[[], float], *labels: str) -> None:
    """Call `value`, which must not block, for a gauge whenever the metrics are read."""
    if _registry is not None:
        _registry.series(family, labels).set_function(value)


@contextmanager
def timing(family: Family, *labels: str) -> Iterator[None]:
    """Observe how long the block takes, also when it fails."""
    started = time.perf_counter()
    try:
        yield
    finally:
        observe(family, time.perf_counter() - started, *labels)
