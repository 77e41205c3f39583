"""Files uploaded with a request."""

from typing import IO, Protocol, runtime_checkable


@runtime_checkable
class Upload(Protocol):
    """Uploaded file under its sender's name, of `size` bytes; reading it blocks, and ends with the request."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def file(self) -> IO[bytes]: ...
