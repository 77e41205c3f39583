"""The frames of graphql-transport-ws: what a client may send, checked, and why a socket closes."""

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
    """Closes the socket with `code`."""

    def __init__(self, reason: str, code: int = BAD_REQUEST) -> None:
        super().__init__(reason)
        self.code = code


def read(text: str | None, max_bytes: int) -> dict[str, Any]:
    """A frame as an object whose `type` is a string. Raises BadFrame."""
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
    found = frame.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= MAX_ID:
        raise BadFrame(f"Invalid message: id must be a string of 1 to {MAX_ID} characters")
    return found


def payload_of(frame: dict[str, Any]) -> dict[str, Any]:
    """An absent or null payload is empty."""
    found = frame.get("payload")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadFrame("Invalid message: payload must be an object")
    return found


def authorization_of(payload: dict[str, Any]) -> str | None:
    """What `connection_init` carries in place of the header, which browsers cannot set."""
    found = payload.get("Authorization", payload.get("authorization"))
    if found is not None and not isinstance(found, str):
        raise BadFrame('Invalid message: Authorization must be a string such as "Bearer …"')
    return found


def shortened(reason: str) -> str:
    """A close frame has room for 123 bytes of reason."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
