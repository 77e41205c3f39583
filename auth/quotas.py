"""Quotas of what people and IP addresses may do in a minute or a day, counted in fixed windows.

A window begins with the first use, so it ends at a known moment: a client that waits until then is admitted. With
shared counts a process draws a part of the quota at once and spends it without asking again; the parts are small, and
single units where the quota is, so that all processes together never pass it.
"""

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from auth.limits import in_words
from auth.shared_counts import SharedCounts, SharedCountsAway
from errors import RateLimited

if TYPE_CHECKING:
    from limits.aio.storage import Storage

DRAWN_PARTS = 20  # a draw from shared counts takes this part of the quota
FIRST_SWEEP = 1_000  # windows, before those that have ended are dropped
SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
RATE = re.compile(r"(\d+) per (?:(\d+) )?(second|minute|hour|day)s?")


class Resource(StrEnum):
    """Resource that a quota counts; the value names its unit."""

    OPERATIONS = "operations"
    COST = "cost"
    UPLOADS = "uploads"
    ROWS = "rows"


class Subject(StrEnum):
    """Kind of user of a quota."""

    PERSON = "person"
    ADDRESS = "address"


UNITS = {Resource.COST: "units of cost"}


@dataclass(frozen=True, slots=True)
class Policy:
    """Resource of one kind of subject: `limit` units in `seconds`; `period` is the same in words."""

    resource: Resource
    subject: Subject
    limit: int
    seconds: int
    period: str
    name: str

    @classmethod
    def of(cls, resource: Resource, subject: Subject, rate: str) -> "Policy":
        """Return the policy of a rate such as `100 per 15 minutes`."""
        matched = RATE.fullmatch(rate)
        assert matched, rate
        seconds = int(matched[2] or 1) * SECONDS[matched[3]]
        return cls(resource, subject, int(matched[1]), seconds, rate.partition(" per ")[2], f"{resource}-{subject}")


@dataclass(frozen=True, slots=True)
class Standing:
    """State of a subject's quota; `used` and `resets_at` (a UNIX time) are of the present window."""

    policy: Policy
    used: int
    resets_at: float

    @property
    def remaining(self) -> int:
        return max(0, self.policy.limit - self.used)


# Standings of the request in progress, by the name of the policy, for its headers; None outside of requests.
standings: ContextVar[dict[str, Standing] | None] = ContextVar("standings", default=None)


class _Window:
    """Uses within one window: `spent` by this process, `left` to spend without asking, `others` by other processes."""

    __slots__ = ("ends_at", "left", "others", "spent")

    def __init__(self, ends_at: float) -> None:
        self.ends_at, self.left, self.others, self.spent = ends_at, 0, 0, 0


class Quotas:
    """Counter of the uses of all quotas; a quota without a policy has no limit."""

    def __init__(
        self, policies: Mapping[tuple[Resource, Subject], str] | None = None, shared: SharedCounts | None = None
    ) -> None:
        self._policies = {key: Policy.of(*key, rate) for key, rate in (policies or {}).items()}
        self._shared = shared or SharedCounts()
        self._windows: dict[tuple[Policy, str], _Window] = {}
        self._sweep_at = FIRST_SWEEP

    async def take(self, resource: Resource, subject: Subject, name: str, amount: int = 1) -> None:
        """Use an amount of a subject's quota. Raises RateLimited without using any of it."""
        policy = self._policies.get((resource, subject))
        if policy is None or amount <= 0:
            return
        window = self._window(policy, name)
        if window.left < amount:
            await self._draw(policy, name, window, amount)
        is_admitted = window.left >= amount
        if is_admitted:
            window.left -= amount
            window.spent += amount
        standing = Standing(policy, window.spent + window.others, window.ends_at)
        if (reported := standings.get()) is not None:
            reported[policy.name] = standing
        if not is_admitted:
            raise _refusal(standing, amount)

    def of(self, subject: Subject, name: str) -> Iterator[Standing]:
        """Yield the standing of each quota that limits a subject."""
        for (_, kind), policy in self._policies.items():
            if kind is subject:
                window = self._window(policy, name)
                yield Standing(policy, window.spent + window.others, window.ends_at)

    def _window(self, policy: Policy, name: str) -> _Window:
        key, moment = (policy, name), time.time()
        window = self._windows.get(key)
        if window is None or window.ends_at <= moment:
            if len(self._windows) >= self._sweep_at:
                self._sweep(moment)
            window = self._windows[key] = _Window(moment + policy.seconds)
        return window

    def _sweep(self, moment: float) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window.ends_at > moment}
        self._sweep_at = max(FIRST_SWEEP, 2 * len(self._windows))

    async def _draw(self, policy: Policy, name: str, window: _Window, amount: int) -> None:
        """Add to what a window has left: a part of the shared quota, or all of it while there are no shared counts."""
        missing = amount - window.left
        try:
            drawn = await self._shared.call(lambda storage: _draw(storage, policy, name, missing))
        except SharedCountsAway:
            window.left = max(0, policy.limit - window.spent)
        else:
            count, granted, ends_at = drawn
            window.left += granted
            window.ends_at = ends_at
            window.others = max(0, count - window.spent - window.left)


async def _draw(storage: "Storage", policy: Policy, name: str, missing: int) -> tuple[int, int, float]:
    """Take units of a shared count: return the count afterwards, the units granted, and the end of the window."""
    key = f"{policy.name}/{policy.seconds}/{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"
    requested = max(missing, policy.limit // DRAWN_PARTS)
    count = await storage.incr(key, policy.seconds, amount=requested)
    ends_at = await storage.get_expiry(key)
    granted = max(0, min(requested, requested - (count - policy.limit)))
    if granted < requested:
        # The count goes back to the limit, so that a later and smaller use is judged by what was used.
        count = await storage.incr(key, policy.seconds, amount=granted - requested)
    return count, granted, ends_at


def _refusal(standing: Standing, amount: int) -> RateLimited:
    policy = standing.policy
    wait = max(1, round((standing.resets_at - time.time()) * 1000))
    subject = "one person" if policy.subject is Subject.PERSON else "one IP address"
    units = UNITS.get(policy.resource, policy.resource)
    return RateLimited(
        f"The limit is {policy.limit:,} {units} per {policy.period} for {subject}: {standing.used:,} are "
        f"used, and this needs {amount:,}. Wait {in_words(wait)} and try again.",
        limit=policy.limit,
        used=standing.used,
        quota=policy.name,
        retryAfterMs=wait,
    )
