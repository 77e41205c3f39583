"""Chat Completions server that writes one text in pieces, slowly."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.loopback.http_server import QuietHandler, loopback_server

PIECES = [f"This is piece {number} of a long reply. " for number in range(12)]
PAUSE = 0.22  # seconds before each piece


class _Handler(QuietHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        with suppress(OSError):  # the reply was stopped
            for piece in PIECES:
                time.sleep(PAUSE)
                self._event({"content": piece})
            self._event({}, "stop")
            self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, delta: dict[str, str], reason: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "slow", "choices": [choice]}
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.flush()


@contextmanager
def slow_model() -> Iterator[str]:
    """Run the server and yield its base URL."""
    with loopback_server(_Handler) as url:
        yield f"{url}/v1"
