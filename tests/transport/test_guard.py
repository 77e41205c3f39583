import asyncio
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.processes.transport_app import Served


def chunks(size: int) -> Iterator[bytes]:
    while size > 0:
        yield b"x" * min(size, 10_000)
        size -= 10_000


def test_a_body_of_the_largest_size_is_read(guarded_server: Served) -> None:
    assert guarded_server.http.post("/echo", content=b"x" * 100_000).text == "100000"
    assert guarded_server.http.post("/echo", content=chunks(100_000)).text == "100000"


@pytest.mark.parametrize("size", [100_001, 300_000, 5_000_000])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_larger_body_is_413_also_in_chunks(guarded_server: Served, size: int, is_chunked: bool) -> None:
    with httpx.Client(base_url=guarded_server.url, verify=False) as http:
        response = http.post("/echo", content=chunks(size) if is_chunked else b"x" * size)
    assert response.status_code == 413
    # What a client still sends is read for a while, lest it miss the answer; then the connection ends.
    assert ("connection" in response.headers) is (size > 500_000)
    assert response.json() == {
        "detail": "The body is larger than 100,000 bytes. Send less at once.",
        "status_code": 413,
        "type": "PAYLOAD_TOO_LARGE",
        "field_errors": [],
    }


def test_a_larger_body_is_an_error_of_graphql_at_graphql(guarded_server: Served) -> None:
    response = guarded_server.http.post(
        "/graphql", content=b"x" * 100_001, headers={"content-type": "application/json"}
    )
    assert response.status_code == 413
    (error,) = response.json()["errors"]
    assert (error["extensions"]["code"], error["extensions"]["status"]) == ("PAYLOAD_TOO_LARGE", 413)


def exchange_bytes(guarded_server: Served, head: str, *, drip: bytes = b"") -> bytes:
    """Send raw bytes and return the response until the server closes; `drip` is sent every 50 ms until then."""
    with socket.create_connection(("127.0.0.1", int(guarded_server.url.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode())
        connection.settimeout(0.05)
        answer = b""
        until = time.monotonic() + 5
        while time.monotonic() < until:
            try:
                received = connection.recv(65536)
            except TimeoutError:
                connection.sendall(drip)
                continue
            if not received:
                return answer
            answer += received
    raise AssertionError(f"the connection stayed open after {answer!r}")


@pytest.mark.parametrize("drip", [b"", b"x"])
def test_a_body_that_comes_too_slowly_is_408_and_the_connection_ends(guarded_server: Served, drip: bytes) -> None:
    head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
    answer = exchange_bytes(guarded_server, head, drip=drip)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"REQUEST_TIMEOUT"' in answer
    assert b"connection: close" in answer


def test_a_body_that_nobody_reads_does_not_keep_the_connection_open(guarded_server: Served) -> None:
    answer = exchange_bytes(
        guarded_server, "POST /ignoring HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{", drip=b""
    )
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


def test_a_connection_is_used_again_where_nothing_is_left_unread(guarded_server: Served) -> None:
    assert "connection" not in guarded_server.http.post("/echo", content=b"x").headers
    assert "connection" not in guarded_server.http.get("/api").headers
    assert "connection" not in guarded_server.http.post("/graphql", json={"query": "{hello}"}).headers


@pytest.mark.parametrize("path", ["/graphql", "/api", "/nothing", "/broken", "/graphiql/nothing"])
def test_every_response_has_security_headers_and_an_id(guarded_server: Served, path: str) -> None:
    headers = guarded_server.http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert len(headers["x-request-id"]) == 32


def test_a_response_keeps_its_own_cache_control(guarded_server: Served) -> None:
    assert guarded_server.http.post("/ignoring").headers["cache-control"] == "max-age=3"


@pytest.mark.parametrize("sent", ["abc-123_X.9", "x" * 128])
def test_a_sane_request_id_is_kept(guarded_server: Served, sent: str) -> None:
    response = guarded_server.http.post("/graphql", json={"query": "{requestId}"}, headers={"x-request-id": sent})
    assert response.headers["x-request-id"] == sent
    assert response.json() == {"data": {"requestId": sent}}


@pytest.mark.parametrize("sent", [b"", b"x" * 129, b"a b", b"a,b", b'{"a":1}', "ü".encode()])
def test_any_other_request_id_is_replaced(guarded_server: Served, sent: bytes) -> None:
    result = guarded_server.http.get("/api", headers={b"x-request-id": sent}).headers["x-request-id"]
    assert len(result) == 32
    assert result.encode() != sent


def test_a_bug_in_a_route_is_a_masked_500(guarded_server: Served) -> None:
    response = guarded_server.http.get("/broken")
    assert response.status_code == 500
    request_id = response.headers["x-request-id"]
    assert response.json() == {
        "detail": f"Something went wrong on the server. Report it with the request id {request_id}.",
        "status_code": 500,
        "type": "INTERNAL_SERVER_ERROR",
        "field_errors": [],
    }


def test_a_route_can_refuse_as_a_resolver_does(guarded_server: Served) -> None:
    response = guarded_server.http.get("/refusing")
    assert response.status_code == 400
    assert response.json() == {
        "detail": "Names have letters.",
        "status_code": 400,
        "type": "BAD_USER_INPUT",
        "field_errors": [{"field": "name", "message": "Names have letters."}],
    }


async def test_a_client_that_goes_before_its_body_is_sent_does_no_harm(guarded_server: Served) -> None:
    port = int(guarded_server.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    response = await asyncio.to_thread(guarded_server.http.get, "/api")
    assert response.status_code == 200
