"""Sheets v4, Drive v3 and the service-account exchange, as far as an export needs them, on 127.0.0.1."""

import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from integrations.google.sheets import Patience
from tests.support.loopback.google_calls import ROUTES, Action, Denied, Fault, LoopbackSheets
from tests.support.loopback.google_state import HANG, HOLD, PAGE, Redirected
from tests.support.loopback.http_server import QuietHandler, loopback_server
from tests.support.loopback.service_account import service_account_file
from tests.support.loopback.spreadsheets import Refused

QUICK = Patience(connect=1, read=30, tries=3, first_wait=0.01, longest_wait=0.02, total=60)

__all__ = ["LoopbackSheets", "loopback_sheets", "service_account_file"]

MAX_PAYLOAD = 2_000_000
HANG_SECONDS = 0.5  # an answer that hangs comes after this time
HOLD_SECONDS = 60  # an answer that is held comes after this time at the latest
PAGE_OF_A_PROXY = b"<!doctype html><title>Sign in to the network</title>"
UNSIGNED = frozenset({"authorize", "token", "revoke"})  # calls without an access token


class Interposed(Exception):
    """A proxy that answers in the place of Google."""


@contextmanager
def loopback_sheets() -> Iterator[LoopbackSheets]:
    """Serve both APIs and the token endpoint."""
    state = LoopbackSheets()
    with loopback_server(_Handler, google=state) as state.url:
        try:
            yield state
        finally:
            state.released.set()


class _Handler(QuietHandler):
    google: LoopbackSheets
    delay = 0.0
    is_held = False

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = urlsplit(self.path)
        query: dict[str, Any] = {name: values[-1] for name, values in parse_qs(target.query).items()}
        query["ranges"] = parse_qs(target.query).get("ranges", [])
        try:
            with self.google.lock:
                answer = self._answer(target.path, query, body)
        except Interposed:
            self._send(200, PAGE_OF_A_PROXY, {"Content-Type": "text/html"})
        except Redirected as redirected:
            self._send(302, {}, {"Location": str(redirected)})
        except Denied as denied:
            self._send(denied.status, denied.body(target.path), denied.headers)
        except Refused as error:
            self._send(400, Denied(400, "INVALID_ARGUMENT", str(error)).body(target.path), {})
        else:
            time.sleep(self.delay)
            if self.is_held:
                self.google.released.wait(HOLD_SECONDS)
            if answer is None:
                self._reset()
            else:
                self._send(200, answer, {})

    def _answer(self, path: str, query: dict[str, Any], body: bytes) -> dict[str, Any] | None:
        operation, action, parts = self._route(path)
        self.google.calls.append(operation)
        self.google.payloads.append(len(body))
        fault = self._fault(operation)
        if fault and fault.status == 401:
            self.google.tokens.clear()
        if fault and fault.status == PAGE:
            raise Interposed
        if fault and fault.status > PAGE:
            raise Denied(fault.status, fault.reason, "Made to fail.", fault.headers)
        if operation not in UNSIGNED:
            self._authorize(body)
        answer = action(self.google, parts, query, body)
        self.delay = HANG_SECONDS if fault and fault.status == HANG else 0.0
        self.is_held = fault is not None and fault.status == HOLD
        return None if fault and not fault.status else answer

    def _route(self, path: str) -> tuple[str, Action, list[str]]:
        for method, pattern, operation, action in ROUTES:
            if self.command == method and (match := re.fullmatch(pattern, path)):
                return operation, action, [unquote(part) for part in match.groups()]
        self.google.calls.append(f"{self.command} {path}")
        raise Denied(404, "notFound", f"The requested URL {path} was not found on this server.")

    def _fault(self, operation: str) -> Fault | None:
        for fault in self.google.faults:
            if fault.times > 0 and (fault.at == len(self.google.calls) if fault.at else fault.operation == operation):
                fault.times -= 1
                return fault
        return None

    def _authorize(self, body: bytes) -> None:
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        self.google.authorize(token if scheme == "Bearer" else "")
        if len(body) > MAX_PAYLOAD:
            raise Denied(413, "REQUEST_TOO_LARGE", "Request Entity Too Large")
        if body and self.headers.get("Content-Type") != "application/json":
            raise Denied(400, "INVALID_ARGUMENT", "The payload is not marked as JSON.")

    def _send(self, status: int, answer: dict[str, Any] | bytes, headers: dict[str, str]) -> None:
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=UTF-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):  # of a client that was killed
            self.wfile.write(data)

    def _reset(self) -> None:
        """Reset the connection instead of responding: the call took effect, but the client cannot know."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
