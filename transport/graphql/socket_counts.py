"""Numbers of open sockets: of an IP address while nobody has signed in on them, and of a person afterwards."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from auth.limits import network


class TooManySockets(Exception):
    """Error: an IP address or a person has as many sockets as it may have; the text tells the limit."""


class SocketCounts:
    """Counts of this process. A socket on which nobody signs in stays with its IP address."""

    def __init__(self, per_address: int, per_person: int) -> None:
        self.per_address, self.per_person = per_address, per_person
        self.addresses: Counter[object] = Counter()
        self.people: Counter[object] = Counter()

    @contextmanager
    def counting(self, address: str | None) -> Iterator["SocketSlot"]:
        """Count a socket while the block runs. Raises TooManySockets."""
        slot = SocketSlot(self, network(address))
        try:
            yield slot
        finally:
            slot.leave()


class SocketSlot:
    """SocketSlot of one socket in the counts."""

    def __init__(self, counts: SocketCounts, address: str) -> None:
        """Take a slot among the sockets of an IP address. Raise TooManySockets if they are too many."""
        if counts.addresses.get(address, 0) >= counts.per_address:
            raise TooManySockets(
                f"At most {counts.per_address} sockets of one IP address may wait for connection_init with a token"
            )
        self._counts = counts
        self._counter: Counter[object] = counts.addresses
        self._subject: object = address
        self._counter[address] += 1

    def sign_in(self, person: object) -> None:
        """Count the socket for a person instead of its IP address. Raises TooManySockets."""
        people, limit = self._counts.people, self._counts.per_person
        if people.get(person, 0) >= limit:
            raise TooManySockets(f"At most {limit} sockets of one person may be open: close one first")
        self.leave()
        self._counter, self._subject = people, person
        people[person] += 1

    def leave(self) -> None:
        """Count the socket no more."""
        self._counter[self._subject] -= 1
        if self._counter[self._subject] <= 0:
            del self._counter[self._subject]
