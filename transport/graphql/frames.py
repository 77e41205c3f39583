"""Frames of graphql-transport-ws that a client may send, their checks, and the codes that close a socket."""

from typing import Any

from transport.core.json import DecodeError, decode

TOO_BIG = 1009
SERVER_ERROR = 1011
BAD_REQUEST = 4400
NO_SUBPROTOCOL = 4406
INIT_TIMEOUT = 4408
DUPLICATE = 4409
SECOND_INIT = 4429
MAX_ID = 128
MAX_REASON_BYTES = 123


class BadFrame(Exception):
    """Error of a frame; the socket is closed with `code`."""

    def __init__(self, reason: str, code: int = BAD_REQUEST) -> None:
        super().__init__(reason)
        self.code = code


def read(text: str | None, max_bytes: int) -> dict[str, Any]:
    """Return a frame as an object whose `type` is a string. Raises BadFrame."""
    if text is None:
        raise BadFrame("Invalid message: send text frames")
    if len(text) > max_bytes or len(text.encode()) > max_bytes:
        raise BadFrame(f"Message too big: at most {max_bytes} bytes", TOO_BIG)
    try:
        frame = decode(text)
    except DecodeError as error:
        raise BadFrame("Invalid message: not JSON") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise BadFrame("Invalid message: send an object with a type")
    return frame


def id_of(frame: dict[str, Any]) -> str:
    """Return the id of an operation's frame. Raises BadFrame."""
    id_ = frame.get("id")
    if not isinstance(id_, str) or not 0 < len(id_) <= MAX_ID:
        raise BadFrame(f"Invalid message: id must be a string of 1 to {MAX_ID} characters")
    return id_


def payload_of(frame: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of a frame, {} when it is absent or null. Raises BadFrame."""
    payload_ = frame.get("payload")
    if payload_ is None:
        return {}
    if not isinstance(payload_, dict):
        raise BadFrame("Invalid message: payload must be an object")
    return payload_


def authorization_of(payload: dict[str, Any]) -> str | None:
    """Return the credentials in `connection_init`: browsers cannot set the header on a WebSocket."""
    value = payload.get("Authorization", payload.get("authorization"))
    if value is not None and not isinstance(value, str):
        raise BadFrame('Invalid message: Authorization must be a string such as "Bearer …"')
    return value


def shortened(reason: str) -> str:
    """Cut the reason of a close frame to the 123 bytes that the protocol allows."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
