"""HTTP server on a free port of 127.0.0.1, served from threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class QuietHandler(BaseHTTPRequestHandler):
    """Handler of one request per connection, so that nothing lingers when a test ends."""

    protocol_version = "HTTP/1.0"

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: tests look at what the handler recorded."""


@contextmanager
def loopback_server(handler: type[QuietHandler], **state: Any) -> Iterator[str]:
    """Serve requests with a handler whose class has `state` as attributes, and yield the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type(handler.__name__, (handler,), state))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="loopback-server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
