"""Quotas of what people and IP addresses may do in a minute or a day, counted in fixed windows.

A window begins with the first use, so it ends at a known moment: a client that waits until then is admitted. With
shared counts a process draws a part of the quota at once and spends it without asking again; the parts are small, and
single units where the quota is, so that all processes together never pass it.
"""

import hashlib
import re
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from auth.limits import in_words
from auth.shared_counts import SharedCounts, SharedCountsAway
from errors import RateLimited

if TYPE_CHECKING:
    from limits.aio.storage import Storage

DRAWN_PARTS = 20  # a draw from shared counts takes this part of the quota
FIRST_SWEEP = 1_000  # windows, before those that have ended are dropped
Subject: TypeAlias = UUID | str  # id of a person, or an IP address
SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
RATE = re.compile(r"(\d+) per (?:(\d+) )?(second|minute|hour|day)s?")


class Quota(StrEnum):
    """Quota of a resource, counted for each person or for each IP address."""

    OPERATIONS_PERSON = "operations-person"
    OPERATIONS_ADDRESS = "operations-address"
    COST_PERSON = "cost-person"
    COST_ADDRESS = "cost-address"
    UPLOADS_PERSON = "uploads-person"
    ROWS_PERSON = "rows-person"


UNITS = {"cost": "units of cost"}
SUBJECTS = {"person": "one person", "address": "one IP address"}


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """Policy of a quota: `limit` units in `seconds`; `period` is the same in words."""

    quota: Quota
    limit: int
    seconds: int
    period: str

    @classmethod
    def of(cls, quota: Quota, rate: str) -> "Policy":
        """Return the policy of a rate such as `100 per 15 minutes`."""
        matched = RATE.fullmatch(rate)
        assert matched, rate
        seconds = int(matched[2] or 1) * SECONDS[matched[3]]
        return cls(quota, int(matched[1]), seconds, rate.partition(" per ")[2])

    @property
    def resource(self) -> str:
        return self.quota.partition("-")[0]


class Window:
    """Uses of one subject in one window, which ends at a UNIX time.

    `spent` are those of this process, `others` those of other processes; `left` may be spent without asking them.
    """

    __slots__ = ("ends_at", "left", "others", "policy", "spent")

    def __init__(self, policy: Policy, ends_at: float) -> None:
        self.policy, self.ends_at = policy, ends_at
        self.left = self.others = self.spent = 0

    @property
    def used(self) -> int:
        return self.spent + self.others

    @property
    def remaining(self) -> int:
        left = self.policy.limit - self.spent - self.others
        return left if left > 0 else 0


# Windows that the request in progress has used, by the name of the quota, for its headers; None outside of requests.
used_windows: ContextVar[dict[str, Window] | None] = ContextVar("used_windows", default=None)


class Quotas:
    """Counter of the uses of all quotas; a quota without a rate has no limit."""

    def __init__(self, rates: Mapping[Quota, str] | None = None, shared: SharedCounts | None = None) -> None:
        self._counters = {quota: _Counter(Policy.of(quota, rate)) for quota, rate in (rates or {}).items()}
        self._shared = shared or SharedCounts()

    async def take(self, quota: Quota, subject: Subject, amount: int = 1) -> None:
        """Use an amount of a subject's quota. Raises RateLimited without using any of it."""
        counter = self._counters.get(quota)
        if counter is None:
            return
        window = counter.window(subject)
        if (reported := used_windows.get()) is not None:
            reported[quota.value] = window
        if window.left < amount:
            await self._draw(window, subject, amount - window.left)
        if window.left < amount:
            raise _refusal(window, amount)
        window.left -= amount
        window.spent += amount

    def window(self, quota: Quota, subject: Subject) -> Window | None:
        """Return the window of a subject; None for a quota without a limit."""
        counter = self._counters.get(quota)
        return None if counter is None else counter.window(subject)

    async def _draw(self, window: Window, subject: Subject, missing: int) -> None:
        """Add to what a window has left: a part of the shared quota, or all of it while there are no shared counts."""
        try:
            count, granted, ends_at = await self._shared.call(
                lambda storage: _draw(storage, window.policy, subject, missing)
            )
        except SharedCountsAway:
            window.left = max(0, window.policy.limit - window.spent)
        else:
            window.left += granted
            window.ends_at = ends_at
            window.others = max(0, count - window.spent - window.left)


class _Counter:
    """Windows of one quota by their subject."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._windows: dict[Subject, Window] = {}
        self._sweep_at = FIRST_SWEEP

    def __len__(self) -> int:
        return len(self._windows)

    def window(self, subject: Subject) -> Window:
        """Return the present window of a subject, a new one when the last has ended."""
        moment = time.time()
        window = self._windows.get(subject)
        if window is None or window.ends_at <= moment:
            if len(self._windows) >= self._sweep_at:
                self._sweep(moment)
            window = self._windows[subject] = Window(self._policy, moment + self._policy.seconds)
        return window

    def _sweep(self, moment: float) -> None:
        self._windows = {subject: window for subject, window in self._windows.items() if window.ends_at > moment}
        self._sweep_at = max(FIRST_SWEEP, 2 * len(self._windows))


async def _draw(storage: "Storage", policy: Policy, subject: Subject, missing: int) -> tuple[int, int, float]:
    """Take units of a shared count: return the count afterwards, the units granted, and the end of the window."""
    key = f"{policy.quota}/{policy.seconds}/{hashlib.sha256(str(subject).encode('utf-8', 'surrogatepass')).hexdigest()}"
    requested = max(missing, policy.limit // DRAWN_PARTS)
    count = await storage.incr(key, policy.seconds, amount=requested)
    ends_at = await storage.get_expiry(key)
    granted = max(0, min(requested, requested - (count - policy.limit)))
    if granted < requested:
        # The count goes back to the limit, so that a later and smaller use is judged by what was used.
        count = await storage.incr(key, policy.seconds, amount=granted - requested)
    return count, granted, ends_at


def _refusal(window: Window, amount: int) -> RateLimited:
    policy = window.policy
    wait = max(1, round((window.ends_at - time.time()) * 1000))
    resource, subject = policy.quota.split("-")
    return RateLimited(
        f"The limit is {policy.limit:,} {UNITS.get(resource, resource)} per {policy.period} for {SUBJECTS[subject]}: "
        f"{window.used:,} are used, and this needs {amount:,}. Wait {in_words(wait)} and try again.",
        limit=policy.limit,
        used=window.used,
        quota=policy.quota.value,
        retryAfterMs=wait,
    )
