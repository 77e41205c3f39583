"""HTTP protocol of the server, which bounds the head of a request while it arrives."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from transport.perimeter import MAX_HEADER_BYTES

MAX_HEAD_BYTES = 2 * MAX_HEADER_BYTES  # request line, names, separators and values
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"  # no body is read
)


class BoundedProtocol(HttpToolsProtocol):
    """Protocol that ends a connection whose request line and headers are too large; uvicorn would keep them all."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._is_in_head = True

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data) if self._is_in_head else 0
        super().data_received(data)
        # Asked after the data was parsed: a body may have arrived together with the headers.
        if self._is_in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_complete()
