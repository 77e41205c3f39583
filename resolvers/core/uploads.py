"""Files that come with a request."""

from typing import IO, Protocol, runtime_checkable


@runtime_checkable
class Upload(Protocol):
    """A file as its sender names it, of `size` bytes; it can be read until the request is over, by blocking."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def file(self) -> IO[bytes]: ...
