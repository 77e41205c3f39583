import contextvars
import io
import json
import logging
from typing import Any

import pytest

from tests.support.processes.transport_app import serving
from transport.core import logs
from transport.core.errors import extensions
from transport.core.request_ids import identify


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines of requests; the server also logs its start and stop."""
    parsed = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in parsed if line["logger"] != "sheetgpt"]


def asked(stream: io.StringIO, restored_logging: pytest.MonkeyPatch, format: Any, body: object, **headers: str) -> str:
    restored_logging.setattr("sys.stderr", stream)
    logs.configure(format, "INFO")
    with serving() as served:
        response = served.http.post("/graphql?secret=query", json=body, headers=headers)
        request_id = response.headers["x-request-id"]
    return str(request_id)


SECRET = {"query": "query Greet($name: String!) {hello(name: $name)}", "variables": {"name": "hunter2"}}


TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("parents", "trace"),
    [
        ([f"00-{TRACE}-{PARENT}-01"], TRACE),
        ([f" 00-{TRACE}-{PARENT}-00\t"], TRACE),
        ([f"cc-{TRACE}-{PARENT}-01-what-comes-later"], TRACE),
        ([f"00-{TRACE}-{PARENT}-01-more"], ""),
        ([f"ff-{TRACE}-{PARENT}-01"], ""),
        ([f"00-{TRACE.upper()}-{PARENT}-01"], ""),
        ([f"00-{'0' * 32}-{PARENT}-01"], ""),
        ([f"00-{TRACE}-{'0' * 16}-01"], ""),
        ([f"00-{TRACE}-{PARENT}-01"] * 2, ""),
        (["x" * 10_000], ""),
        ([""], ""),
        ([], ""),
    ],
)
def test_the_trace_of_a_caller_is_noted_only_if_it_is_well_formed(parents: list[str], trace: str) -> None:
    contextvars.copy_context().run(_identified, [(b"traceparent", parent.encode()) for parent in parents], trace)


def _identified(headers: list[tuple[bytes, bytes]], trace: str) -> None:
    identify(headers)
    record = logging.LogRecord("sheetgpt", logging.INFO, "", 0, "x", (), None)
    assert json.loads(logs.JSONFormatter().format(record)).get("traceId", "") == trace
    assert extensions("NOT_FOUND", 404).get("traceId", "") == trace


def test_a_trace_is_in_the_lines_of_its_request_alone(restored_logging: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    asked(stream, restored_logging, "json", SECRET, traceparent=f"00-{TRACE}-{PARENT}-01")
    assert [line["traceId"] for line in lines(stream)] == [TRACE] * 2
    stream = io.StringIO()
    asked(stream, restored_logging, "json", SECRET)
    assert ["traceId" in line for line in lines(stream)] == [False] * 2


def test_an_operation_and_its_request_are_a_line_of_json_each(restored_logging: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    request_id = asked(stream, restored_logging, "json", SECRET, authorization="Bearer good")
    operation, request = lines(stream)
    assert operation.pop("ms") > 0
    assert request.pop("ms") > 0
    assert operation.pop("time") <= request.pop("time")
    assert operation == {
        "level": "INFO",
        "logger": "sheetgpt.operation",
        "message": "operation",
        "requestId": request_id,
        "kind": "query",
        "operation": "Greet",
        "viewerId": "viewer-1",
        "errors": [],
    }
    assert request == {
        "level": "INFO",
        "logger": "sheetgpt.request",
        "message": "request",
        "requestId": request_id,
        "method": "POST",
        "path": "/graphql",
        "status": 200,
    }


@pytest.mark.parametrize("format", ["json", "text"])
def test_no_token_variable_or_query_string_is_logged(restored_logging: pytest.MonkeyPatch, format: str) -> None:
    stream = io.StringIO()
    asked(stream, restored_logging, format, SECRET, authorization="Bearer good")
    assert "Greet" in stream.getvalue()
    for secret in ("hunter2", "Bearer", "good", "secret"):
        assert secret not in stream.getvalue()


def test_the_codes_of_errors_are_logged(restored_logging: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    asked(stream, restored_logging, "json", {"query": "{missing refused}"})
    operation, _ = lines(stream)
    assert operation["errors"] == ["NOT_FOUND", "BAD_USER_INPUT"]


def test_a_bug_is_logged_with_its_traceback_and_request_id(restored_logging: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    request_id = asked(stream, restored_logging, "json", {"query": "{bug}"})
    bug, operation, _ = lines(stream)
    assert (bug["level"], bug["logger"], bug["requestId"]) == ("ERROR", "sheetgpt.error", request_id)
    assert "RuntimeError: secret of the database" in bug["exception"]
    assert operation["errors"] == ["INTERNAL_SERVER_ERROR"]


def test_a_terminal_gets_readable_lines_and_anything_else_json(restored_logging: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    request_id = asked(terminal, restored_logging, "auto", SECRET, authorization="Bearer good")
    operation, request, stopping, _stopped = terminal.getvalue().splitlines()
    assert " INFO    stopping " in stopping
    assert " INFO    operation query Greet viewerId=viewer-1 " in operation
    assert " INFO    request POST /graphql 200 " in request
    assert request.endswith(f"ms [{request_id}]")
    pipe = io.StringIO()
    asked(pipe, restored_logging, "auto", SECRET)
    assert len(lines(pipe)) == 2


def test_a_path_cannot_forge_a_line(restored_logging: pytest.MonkeyPatch) -> None:
    for stream, format in ((io.StringIO(), "text"), (io.StringIO(), "json")):
        restored_logging.setattr("sys.stderr", stream)
        logs.configure(format, "INFO")  # type: ignore[arg-type]  # a Literal in a tuple
        with serving() as served:
            served.http.get("/a%0A12:00:00 INFO forged")
        _request, stopping, _stopped = stream.getvalue().splitlines()
        assert "stopping" in stopping


def test_below_its_level_nothing_is_logged(restored_logging: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    restored_logging.setattr("sys.stderr", stream)
    logs.configure("json", "WARNING")
    with serving() as served:
        served.http.get("/api")
    assert stream.getvalue() == ""
