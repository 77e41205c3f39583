"""Multipart requests over real connections: files arrive whole, and a hostile form leaves nothing behind."""

import json
import os
import socket
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.processes.transport_app import FILE_BYTES, Served
from transport.graphql.file_map import EXAMPLE
from transport.graphql.multipart import CUT_SHORT
from transport.graphql.uploads import MAX_CONCURRENT_PER_USER, clean_name

pytestmark = pytest.mark.usefixtures("no_file_left")
KEEP = "mutation Keep($input: FilesInput!, $seconds: Float! = 0) { keep(input: $input, seconds: $seconds) }"
SIGNED_IN = {"Authorization": "Bearer good", "GraphQL-Preflight": "1"}
FILES = "variables.input.files"


def operations(count: int = 1, **variables: Any) -> str:
    return json.dumps({"query": KEEP, "variables": {"input": {"files": [None] * count}, **variables}})


def mapped(count: int = 1) -> str:
    return json.dumps({str(n): [f"{FILES}.{n}"] for n in range(count)})


def form(*parts: tuple[str, str | None, bytes | str], boundary: str = "BOUNDARY") -> bytes:
    """Return a body of these parts, each with a name, a file name or None, and a content."""
    body = []
    for name, filename, content in parts:
        stored = f'; filename="{filename}"' if filename is not None else ""
        raw = content.encode() if isinstance(content, str) else content
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{stored}\r\n\r\n'
        body += [head.encode(), raw, b"\r\n"]
    return b"".join([*body, f"--{boundary}--\r\n".encode()])


def post(upload_server: Served, content: Any, **headers: str) -> httpx.Response:
    arguments = {"Content-Type": "multipart/form-data; boundary=BOUNDARY", **SIGNED_IN, **headers}
    return upload_server.http.post("/graphql", content=content, headers={k: v for k, v in arguments.items() if v})


def whole(content: bytes, name: str = "a.txt") -> bytes:
    return form(("operations", None, operations()), ("map", None, mapped()), ("0", name, content))


def shown(name: str, content: bytes) -> str:
    return f"{name} {len(content)} {sha256(content).hexdigest()[:8]}"


def refused(answer: httpx.Response, status: int, message: str) -> None:
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["message"], error["extensions"]["status"]) == (status, message, status)


def test_files_come_into_the_variables_that_wait_for_them(upload_server: Served) -> None:
    contents = [b"small", os.urandom(FILE_BYTES), b""]
    files = [("0", ("a.txt", contents[0])), ("1", ("été 🙂.bin", contents[1])), ("2", ("empty", contents[2]))]
    fields = {"operations": operations(3), "map": mapped(3)}
    answer = upload_server.http.post("/graphql", data=fields, files=files, headers=SIGNED_IN)
    names = ["a.txt", "été 🙂.bin", "empty"]
    assert answer.json() == {"data": {"keep": [*map(shown, names, contents), "nothing"]}}


def test_a_file_may_go_into_several_variables(upload_server: Served) -> None:
    operation = json.dumps({"query": KEEP, "variables": {"input": {"files": [None, None], "one": None}}})
    paths = json.dumps({"f": [f"{FILES}.1", "variables.input.one"]})
    answer = post(upload_server, form(("operations", None, operation), ("map", None, paths), ("f", "x", b"twice")))
    assert answer.json()["data"]["keep"] == ["nothing", *[shown("x", b"twice")] * 2]


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_form_in_chunks_without_a_length_is_read(upload_server: Served, size: int) -> None:
    content = b"\r\n--BOUNDAR\r\n--BOUNDARX--\r\n" * 40
    body = whole(content)
    answer = post(upload_server, (body[n : n + size] for n in range(0, len(body), size)))
    assert answer.json() == {"data": {"keep": [shown("a.txt", content), "nothing"]}}


def test_only_a_form_to_graphql_may_have_the_size_of_an_upload(upload_server: Served) -> None:
    body = whole(b"x" * 150_000)
    headers = {"Content-Type": "multipart/form-data; boundary=BOUNDARY", **SIGNED_IN}
    assert upload_server.http.post("/echo", content=body, headers=headers).status_code == 413
    assert (
        upload_server.http.post("/graphql", content=body, headers={**headers, "Content-Type": "text/plain"}).status_code
        == 413
    )
    assert post(upload_server, body).status_code == 200


@pytest.mark.parametrize("name", ["X-Requested-With", "Apollo-Require-Preflight", "GraphQL-Preflight"])
def test_one_of_three_headers_tells_that_no_page_of_somebody_else_sent_the_form(
    upload_server: Served, name: str
) -> None:
    before = upload_server.world.mutations
    message = "A multipart request needs one of these headers, with any value: "
    message += "x-requested-with, apollo-require-preflight, graphql-preflight."
    refused(post(upload_server, whole(b"x"), **{"GraphQL-Preflight": ""}), 400, message)
    assert upload_server.world.mutations == before
    assert post(upload_server, whole(b"x"), **{"GraphQL-Preflight": "", name: "yes"}).status_code == 200
    assert upload_server.world.mutations == before + 1


@pytest.mark.parametrize(("token", "is_known"), [("", False), ("Bearer bad", False), ("Bearer good", True)])
def test_files_are_taken_from_people_who_are_signed_in(upload_server: Served, token: str, is_known: bool) -> None:
    before = upload_server.world.mutations
    answer = post(upload_server, whole(b"x" * 100_000), Authorization=token)
    codes = [error["extensions"]["code"] for error in answer.json().get("errors", ())]
    assert codes == ([] if is_known else ["UNAUTHENTICATED"])
    assert upload_server.world.mutations == before + is_known


OPERATIONS, MAP, A = ("operations", None, operations()), ("map", None, mapped()), ("0", "a.txt", b"x")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([OPERATIONS], "The form has no parts `operations` and `map`. Send them first, in this order."),
        ([OPERATIONS, A], "The part '0' comes too early. Send `operations`, then `map`, then the files."),
        ([MAP, OPERATIONS, A], "The part 'map' comes too early. Send `operations`, then `map`, then the files."),
        ([OPERATIONS, MAP], "The part `map` names the file '0', but the form has no such part."),
        ([OPERATIONS, MAP, A, A], "The form has two parts '0'. Send each file once."),
        (
            [OPERATIONS, MAP, ("1", "b", b"")],
            "The part '1' is not in `map`. Add it there with the path of its variable.",
        ),
        ([OPERATIONS, MAP, ("0", None, b"x")], "The part '0' has no file name. Send the file with one."),
        ([OPERATIONS, MAP, ("0", "../", b"x")], "The part '0' has no file name. Send the file with one."),
        (
            [("operations", None, f"[{operations()}]"), MAP, A],
            "The part `operations`: Batched requests are not supported. Send one operation in each request.",
        ),
        (
            [("operations", None, f"[[{operations()}]]"), MAP, A],
            "The part `operations`: Batched requests are not supported. Send one operation in each request.",
        ),
        (
            [("operations", None, '{"query": 1}'), MAP, A],
            'The part `operations`: The request has no query: send an object such as {"query": "{ me { name } }"}.',
        ),
        (
            [OPERATIONS, ("map", None, "[]"), A],
            f"The part `map` must be an object with a list of paths for each file, {EXAMPLE}.",
        ),
        (
            [OPERATIONS, ("map", None, '{"0": []}'), A],
            f"The part `map` must be an object with a list of paths for each file, {EXAMPLE}.",
        ),
    ],
)
def test_a_form_in_disorder_is_400(
    upload_server: Served, parts: list[tuple[str, str | None, bytes]], message: str
) -> None:
    before = upload_server.world.mutations
    refused(post(upload_server, form(*parts)), 400, message)
    assert upload_server.world.mutations == before


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("query", "The part `map` has the path 'query'. Name a variable, "),
        ("variables", "The part `map` has the path 'variables'. Name a variable, "),
        (f"{FILES}.1", f"`operations` has no {FILES}.1. Put null where the file belongs."),
        (f"{FILES}.-1", f"`operations` has no {FILES}.-1. Put null where the file belongs."),
        (f"{FILES}.²", f"`operations` has no {FILES}.². Put null where the file belongs."),
        (f"{FILES}.__class__", f"`operations` has no {FILES}.__class__. Put null where the file belongs."),
        ("variables.other.0", "`operations` has no variables.other.0. Put null where the file belongs."),
        ("variables.input", "variables.input is not null in `operations`, or is twice in `map`. "),
    ],
)
def test_a_place_that_is_no_variable_is_refused(upload_server: Served, path: str, message: str) -> None:
    answer = post(upload_server, form(OPERATIONS, ("map", None, json.dumps({"0": [path]})), A))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith(message)


def test_two_files_do_not_share_a_slot(upload_server: Served) -> None:
    paths = json.dumps({"0": [f"{FILES}.0"], "1": [f"{FILES}.0"]})
    message = f"{FILES}.0 is not null in `operations`, or is twice in `map`. Set it to null there and name it once."
    refused(post(upload_server, form(OPERATIONS, ("map", None, paths), A, ("1", "b", b""))), 400, message)


def test_what_is_too_large_or_too_much_is_413(upload_server: Served) -> None:
    large = b"x" * (FILE_BYTES + 1)
    message = "A file is larger than 200,000 bytes. Send a smaller file."
    refused(post(upload_server, whole(large)), 413, message)
    chunks = whole(large)
    refused(post(upload_server, (chunks[n : n + 9_999] for n in range(0, len(chunks), 9_999))), 413, message)
    four = [(str(n), "a", b"x" * 150_001) for n in range(4)]
    message = "The files have more than 600,000 bytes together. Send fewer files at once."
    refused(
        post(upload_server, form(("operations", None, operations(4)), ("map", None, mapped(4)), *four)), 413, message
    )
    eleven = form(("operations", None, operations(11)), ("map", None, mapped(11)))
    refused(post(upload_server, eleven), 413, "The part `map` has 11 files. Send at most 10 in one request.")
    long = form(("operations", None, operations() + " " * 100_000))
    refused(post(upload_server, long), 413, "The part `operations` is larger than 100,000 bytes.")
    refused(
        post(upload_server, form(OPERATIONS, ("map", None, " " * 20_000))),
        413,
        "The part `map` is larger than 16,000 bytes.",
    )
    padded = whole(b"") + b"\0" * 800_000
    assert post(upload_server, padded).status_code in (400, 413)


def test_a_hundred_thousand_parts_cost_no_more_than_the_first_that_is_wrong(upload_server: Served) -> None:
    body = form(*[("x", None, b"")] * 100_000)
    started = time.perf_counter()
    answer = post(upload_server, body)
    assert answer.status_code == 400
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("content", "type", "message"),
    [
        (b"", "multipart/form-data; boundary=B", CUT_SHORT),
        (b"x", "multipart/form-data", "The Content-Type header has no boundary. Let your HTTP client set this header."),
        (whole(b"x")[:-20], "multipart/form-data; boundary=BOUNDARY", CUT_SHORT),
        (form(("x", None, b"")).replace(b"form-data", b"attachment"), "Multipart/Form-Data; boundary=BOUNDARY",
         "A part has no name. Begin each part with `Content-Disposition: form-data; name=…`."),
    ],
)  # fmt: skip
def test_a_form_that_is_none_is_400(upload_server: Served, content: bytes, type: str, message: str) -> None:
    refused(post(upload_server, content, **{"Content-Type": type}), 400, message)


def test_headers_without_an_end_are_400(upload_server: Served) -> None:
    body = b"--BOUNDARY\r\nContent-Disposition: form-data; name=" + b"x" * 100_000
    assert post(upload_server, body).status_code == 400
    body = b"--BOUNDARY\r\n" + b"A: b\r\n" * 1_000
    assert post(upload_server, body).status_code == 400


def test_a_form_that_does_not_come_is_ended(upload_server: Served) -> None:
    parts = urlsplit(upload_server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as client:
        head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nAuthorization: Bearer good\r\n"
        head += "GraphQL-Preflight: 1\r\nContent-Type: multipart/form-data; boundary=BOUNDARY\r\n\r\n"
        client.sendall(head.encode() + whole(b"x" * 1_000)[:900])
        answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_client_who_goes_away_leaves_no_file(upload_server: Served, upload_directory: Path) -> None:
    parts = urlsplit(upload_server.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as client:
        head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\nAuthorization: Bearer good\r\n"
        head += "GraphQL-Preflight: 1\r\nContent-Type: multipart/form-data; boundary=BOUNDARY\r\n\r\n"
        client.sendall(head.encode() + whole(b"x" * 190_000)[:150_000])
        time.sleep(0.05)


def test_one_person_sends_a_few_forms_at_a_time(upload_server: Served) -> None:
    body = form(("operations", None, operations(seconds=1)), MAP, A)
    answers: list[int] = []

    def send() -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=BOUNDARY", **SIGNED_IN}
        answer = httpx.post(f"{upload_server.url}/graphql", content=body, headers=headers, verify=False)
        answers.append(answer.status_code)

    threads = [threading.Thread(target=send) for _ in range(MAX_CONCURRENT_PER_USER + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * MAX_CONCURRENT_PER_USER + [429]


def test_a_file_in_json_is_no_file(upload_server: Served) -> None:
    body = {"query": KEEP, "variables": {"input": {"one": {"name": "a", "size": 1}}}}
    (error,) = upload_server.http.post("/graphql", json=body, headers=SIGNED_IN).json()["errors"]
    assert "Send a file." in error["message"]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("report.csv", "report.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\été.csv", "été.csv"),
        (" a\r\nb\0.txt ", "a b .txt"),
        ("\u202egnp.exe", "gnp.exe"),
        ("..", ""),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_file_name_is_no_path(name: str, stored: str) -> None:
    assert clean_name(name) == stored
