"""Log lines: one for each HTTP request, GraphQL operation or error, as JSON or as readable text.

Lines hold ids, names, times and codes; never tokens, variables or documents.
"""

import logging
import re
import sys
import time
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

from execution.operations import Operation
from transport.core.callers import Context
from transport.core.json import encode

MAX_NAME, MAX_PATH = 100, 300
# Segments of a path that may be a token: all below the shared pages, also of a mistyped link, and long ones elsewhere.
SECRET_SEGMENT = re.compile(r"(?<=/s/).+|(?<=/)[^/]*[A-Za-z0-9_=-]{40,}[^/]*")

request_id: ContextVar[str] = ContextVar("request_id", default="-")

requests = logging.getLogger("sheetgpt.request")
operations = logging.getLogger("sheetgpt.operation")


def configure(format: Literal["auto", "json", "text"] = "auto", level: str = "INFO") -> None:
    """Send every log to standard error; `auto` means text on a terminal, else JSON."""
    handler = logging.StreamHandler(sys.stderr)
    as_text = format == "text" or (format == "auto" and sys.stderr.isatty())
    handler.setFormatter(TextFormatter() if as_text else JSONFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("WARNING")
    logging.getLogger("sheetgpt").setLevel(level)
    # Uvicorn's access log would repeat our line and show query strings.
    logging.getLogger("uvicorn.access").disabled = True


def log_request(method: str, path: str, status: int, started: float) -> None:
    """Log one HTTP request.

    `started` is a `time.perf_counter()`; `path` has no query string, which may hold variables.
    """
    if requests.isEnabledFor(logging.INFO):
        fields = {
            "method": method,
            "path": SECRET_SEGMENT.sub("…", path)[:MAX_PATH],
            "status": status,
            "ms": _since(started),
        }
        requests.info("request", extra={"fields": fields})


def log_operation(
    operation: Operation | None, context: Context | None, errors: Sequence[dict[str, Any]], started: float
) -> None:
    """Log one operation.

    `errors` are formatted errors, of which only the codes are logged; `started` is a `time.perf_counter()`.
    """
    if operations.isEnabledFor(logging.INFO):
        viewer_id = context.viewer_id if context else None
        fields = {
            "kind": operation.kind.value if operation else None,
            "operation": (operation.name or "")[:MAX_NAME] or None if operation else None,
            "viewerId": None if viewer_id is None else str(viewer_id),
            "ms": _since(started),
            "errors": [error.get("extensions", {}).get("code") for error in errors],
        }
        operations.info("operation", extra={"fields": fields})


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


class JSONFormatter(logging.Formatter):
    """Formatter of one JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "requestId": request_id.get(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return encode(line).decode()


class TextFormatter(logging.Formatter):
    """Formatter of one readable line; the message is left out where the fields say it all."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = _fields(record)
        details = " ".join(_field_text(name, value) for name, value in fields.items() if value not in (None, []))
        line = f"{at} {record.levelname:<7} {record.getMessage()} {details} [{request_id.get()}]"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, dict) else {}


def _field_text(name: str, value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text if text.isprintable() else ascii(text)
    if name == "ms":
        return f"{text} ms"
    return text if name in ("method", "path", "status", "kind", "operation") else f"{name}={text}"
