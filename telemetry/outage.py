"""Outages of services that the server depends on: one log line at the begin and one at the end of each."""

import logging
import time
from collections.abc import Callable

from telemetry import metrics
from telemetry.catalog import OUTAGE

QUIET_SECONDS = 1.0  # on a full disk a small write may succeed between two that fail

log = logging.getLogger("sheetgpt.outage")


class Outage:
    """State of one service, which ends its outage when each lane that has failed has answered again.

    Every caller reports failure or success, from any thread. On a full disk reads succeed, and end no outage of writes.
    """

    def __init__(self, service: str, consequence: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._service, self._consequence, self._clock = service, consequence, clock
        self._since = 0.0
        self._lanes: dict[str, float] = {}  # those that failed, and when they did last

    def failed(self, error: BaseException, lane: str = "") -> None:
        """Note a failure, and log the begin of an outage."""
        is_first = not self._lanes
        self._lanes[lane] = self._clock()
        if is_first:
            self._since = self._lanes[lane]
            metrics.set_gauge(OUTAGE, 1, self._service)
            # The exception of a timeout has an empty text.
            log.error("The %s is away (%s): %s", self._service, str(error) or type(error).__name__, self._consequence)

    def answered(self, lane: str = "") -> None:
        """Note a success, and log the end of an outage."""
        if self._lanes and self._clock() - self._lanes.get(lane, 0.0) > QUIET_SECONDS:
            if self._lanes.pop(lane, None) is None or self._lanes:
                return
            seconds = round(self._clock() - self._since, 1)
            metrics.set_gauge(OUTAGE, 0, self._service)
            log.warning("The %s is back", self._service, extra={"fields": {"seconds": seconds}})
