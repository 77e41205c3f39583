"""Log lines: one for each HTTP request, GraphQL operation or error, as JSON or as readable text.

Lines hold ids, names, times and codes; never tokens, variables or documents.
"""

import logging
import re
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from graphql import FieldNode, OperationType

from errors import Unavailable
from execution.operations import Operation
from telemetry import metrics
from telemetry.catalog import ERRORS, OPERATION_SECONDS, OPERATIONS
from telemetry.statements import Statements
from transport.core.callers import Context
from transport.core.json import encode

MAX_NAME, MAX_PATH = 100, 300
# Segments of a path that may be a token: all below the shared pages, also of a mistyped link, and long ones elsewhere.
SECRET_SEGMENT = re.compile(r"(?<=/s/).+|(?<=/)[^/]*[A-Za-z0-9_=-]{40,}[^/]*")

# Codes of errors that are the server's fault, or of what it depends on.
FAILURES = frozenset({"INTERNAL_SERVER_ERROR", "DEADLINE_EXCEEDED", "UNAVAILABLE", "UPSTREAM_FAILED"})

request_id: ContextVar[str] = ContextVar("request_id", default="-")
trace_id: ContextVar[str] = ContextVar("trace_id", default="")  # of a caller that sends `traceparent`

requests = logging.getLogger("sheetgpt.request")
operations = logging.getLogger("sheetgpt.operation")


_slow_ms = 0


def configure(format: Literal["auto", "json", "text"] = "auto", level: str = "INFO", slow_ms: int = 0) -> None:
    """Send every log to standard error; `auto` means text on a terminal, else JSON.

    Operations that take `slow_ms` or longer are logged with their statements; 0 logs none.
    """
    global _slow_ms
    _slow_ms = slow_ms
    as_text = format == "text" or (format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr) if as_text else LineHandler(sys.stderr)
    handler.addFilter(_is_news)
    handler.setFormatter(TextFormatter() if as_text else JSONFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("WARNING")
    logging.getLogger("sheetgpt").setLevel(level)
    # Uvicorn's access log would repeat our line and show query strings.
    logging.getLogger("uvicorn.access").disabled = True
    # asyncpg would report each attempt to reach a server that is away, which we log once.
    logging.getLogger("asyncpg").setLevel("CRITICAL")


def _is_news(record: logging.LogRecord) -> bool:
    """Return False for the failure of something during an outage, which is logged once at its begin."""
    return not (record.exc_info and isinstance(record.exc_info[1], Unavailable))


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
        _log(requests, "request", fields)


def log_operation(
    operation: Operation | None,
    context: Context | None,
    errors: Sequence[dict[str, Any]],
    started: float,
    statements: Statements | None = None,
) -> None:
    """Log and count one operation, with its statements if they were collected and it was slow.

    `errors` are formatted errors, of which only the codes are logged; `started` is a `time.perf_counter()`.
    """
    _count_operation(operation, context, errors, started)
    if statements is not None and 0 < _slow_ms <= _since(started):
        fields = {
            "operation": (operation.name or "")[:MAX_NAME] or None if operation else None,
            "ms": _since(started),
            "statements": statements.number,
            "slowest": statements.described(),
        }
        operations.warning("slow operation", extra={"fields": fields})
    if operations.isEnabledFor(logging.INFO):
        viewer_id = context.viewer_id if context else None
        fields = {
            "kind": operation.kind.value if operation else None,
            "operation": (operation.name or "")[:MAX_NAME] or None if operation else None,
            "viewerId": None if viewer_id is None else str(viewer_id),
            "ms": _since(started),
            "errors": [error.get("extensions", {}).get("code") for error in errors],
        }
        _log(operations, "operation", fields)


def _log(logger: logging.Logger, message: str, fields: dict[str, Any]) -> None:
    """Log a line at INFO, without a LogRecord where our handler is the only one that would see it."""
    handlers = logging.getLogger().handlers
    if len(handlers) == 1 and isinstance(handlers[0], LineHandler):
        handlers[0].write(logger.name, message, fields)
    else:
        logger.info(message, extra={"fields": fields})


def _count_operation(
    operation: Operation | None, context: Context | None, errors: Sequence[dict[str, Any]], started: float
) -> None:
    codes = [str(error.get("extensions", {}).get("code")) for error in errors]
    for code in codes:
        metrics.count(ERRORS, code)
    if operation is None:
        return
    outcome = "ok" if not codes else "failed" if not FAILURES.isdisjoint(codes) else "refused"
    labels = operation.kind.value, _label(operation, context)
    metrics.count(OPERATIONS, *labels, outcome)
    if operation.kind is not OperationType.SUBSCRIPTION:
        metrics.observe(OPERATION_SECONDS, time.perf_counter() - started, *labels)


def _label(operation: Operation, context: Context | None) -> str:
    """Return the name that a signed-in client gave the operation, else its first root field."""
    if operation.name and context is not None and context.viewer_id is not None:
        return operation.name
    first = operation.node.selection_set.selections[0]
    return first.name.value if isinstance(first, FieldNode) else "fragment"


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


class LineHandler(logging.StreamHandler[TextIO]):
    """Handler of JSON lines that also takes the parts of a line: a LogRecord costs three times as much as they do."""

    def write(self, logger: str, message: str, fields: dict[str, Any]) -> None:
        """Write a line at INFO."""
        line = encode(_line(time.time(), "INFO", logger, message, fields)).decode() + self.terminator
        with self.lock or nullcontext():
            try:
                self.stream.write(line)
                self.flush()
            except Exception:
                self.handleError(logging.makeLogRecord({"name": logger, "levelname": "INFO", "msg": message}))


def _line(created: float, level: str, logger: str, message: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "time": datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "logger": logger,
        "message": message,
        "requestId": request_id.get(),
        **trace_fields(),
        **fields,
    }


class JSONFormatter(logging.Formatter):
    """Formatter of one JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line = _line(record.created, record.levelname, record.name, record.getMessage(), _fields(record))
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


def trace_fields() -> dict[str, str]:
    """Return the trace id as a field; no field for a caller without a trace."""
    return {"traceId": trace_id.get()} if trace_id.get() else {}


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, dict) else {}


def _field_text(name: str, value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text if text.isprintable() else ascii(text)
    if name == "ms":
        return f"{text} ms"
    return text if name in ("method", "path", "status", "kind", "operation") else f"{name}={text}"
