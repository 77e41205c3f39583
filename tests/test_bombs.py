"""Hostile documents, bodies and files: each is answered in time, while others are served and memory stays flat."""

import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.support.processes.product_process import BareProduct, running

SECONDS, FILE_SECONDS = 5.0, 20.0  # for one bomb, on a busy machine; most take milliseconds
P99 = 0.1  # seconds for a small query of another person meanwhile, or five times what it takes on a busy machine
GROWTH = 150_000_000  # bytes of the process, after all bombs

Body = dict[str, Any] | bytes
Bomb = Callable[[], Body]


def query(text: str, **variables: Any) -> Body:
    return {"query": text, "variables": variables}


def fragments(depth: int) -> str:
    """Return fragments that each spread the next one twice: 2 ** depth fields."""
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth)]
    return "{ ...F0 } " + " ".join(parts) + f" fragment F{depth} on Query {{ me {{ id }} }}"


def pages(depth: int) -> str:
    lists = "conversations(first: 100) { nodes { messages(first: 100) { nodes { conversation { "
    return "{ " + lists + "owner { " * depth + "id" + " }" * depth + " } } } } } }"


def rows_of(filter: Any) -> Body:
    text = "query R($filter: RowFilter) { tables { nodes { rows(filter: $filter) { totalCount } } } }"
    return query(text, filter=filter)


def nested(depth: int) -> Any:
    value: Any = {"column": "c1", "op": "EQ", "value": 1}
    for _ in range(depth):
        value = {"and": [value, value]} if depth < 30 else {"not": value}
    return value


SEARCH = "query S($q: String!) { searchMessages(query: $q) { totalCount } }"
SIGN_UP = "mutation S($input: SignUpInput!) { signUp(input: $input) { message } }"
IMPORT = "mutation I($input: ImportTableInput!) { importTable(input: $input) { rowCount } }"
CREATE = "mutation C($input: CreateTableInput!) { createTable(input: $input) { table { id } } }"

DOCUMENTS: dict[str, Bomb] = {
    "tokens": lambda: query("{" + "a " * 100_000 + "}"),
    "braces": lambda: query("{a" * 50_000),
    "nested fields": lambda: query("{ me " * 3_000 + "}" * 3_000),
    "doubling fragments": lambda: query(fragments(40)),
    "circular fragments": lambda: query("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
    "many fragments": lambda: query("{ me { id } } " + "fragment F on User { id } " * 5_000),
    "many aliases": lambda: query("{" + "".join(f"a{n}: me {{ id }} " for n in range(5_000)) + "}"),
    "many operations": lambda: query("".join(f"query Q{n} {{ me {{ id }} }} " for n in range(5_000))),
    "many directives": lambda: query("{ me " + "@skip(if: false) " * 5_000 + "{ id } }"),
    "unknown directives": lambda: query("{ me " + "".join(f"@d{n} " for n in range(200)) + "{ id } }"),
    "many variables": lambda: query("query(" + "".join(f"$v{n}: Int " for n in range(5_000)) + ") { me { id } }"),
    "unknown fields": lambda: query("{" + " ".join(f"conversation{n}" for n in range(400)) + "}"),
    "conflicting fields": lambda: query("{" + "".join(f"x: node(id: {n}) {{ id }} " for n in range(150)) + "}"),
    "long name": lambda: query("{ " + "a" * 1_000_000 + " }"),
    "long string": lambda: query('{ node(id: "' + "a" * 1_000_000 + '") { id } }'),
    "long number": lambda: query("{ conversations(first: " + "9" * 500_000 + ") { totalCount } }"),
    "long comment": lambda: query("#" * 1_500_000 + "\n{ me { id } }"),
    "block string": lambda: query('{ node(id: """' + "\n " * 400_000 + '""") { id } }'),
    "deep list": lambda: query("{ nodes(ids: " + "[" * 20_000 + "]" * 20_000 + ") { id } }"),
    "deep object": lambda: query("{ x(a: " + "{a: " * 10_000 + "1" + "}" * 10_000 + ") }"),
    "many ids": lambda: query("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 50_000),
    "huge page": lambda: query("{ conversations(first: 2000000000) { nodes { id } } }"),
    "negative page": lambda: query("{ conversations(first: -2000000000) { nodes { id } } }"),
    "pages of pages": lambda: query(pages(1)),
    "deep path": lambda: query(pages(200)),
    "deep introspection": lambda: query(
        "{ __schema { types { " + "fields { type { " * 60 + "name" + " } }" * 60 + " } } }",
    ),
    "half a surrogate": lambda: query('{ node(id: "\\ud800") { id } }'),
    "long cursor": lambda: query("query($c: String) { conversations(after: $c) { totalCount } }", c="x" * 1_000_000),
    "long id": lambda: query("query($i: ID!) { node(id: $i) { id } }", i="QQ==" * 250_000),
    "long search": lambda: query(SEARCH, q="word " * 200_000),
    "search of signs": lambda: query(SEARCH, q='"' * 5_000 + "*" * 5_000 + "(" * 5_000),
    "deep filter": lambda: rows_of(nested(200)),
    "doubling filter": lambda: rows_of(nested(12)),
    "wide filter": lambda: rows_of({"or": [{"column": "c1", "op": "EQ", "value": n} for n in range(20_000)]}),
    "filter of values": lambda: rows_of({"column": "c1", "op": "IN", "value": list(range(100_000))}),
    "long address": lambda: query(SIGN_UP, input={"email": "a" * 500_000 + "@b.c", "password": "long enough phrase"}),
    "long password": lambda: query(SIGN_UP, input={"email": "x@example.com", "password": "x" * 1_000_000}),
    "text of delimiters": lambda: query(IMPORT, input={"text": ",;\t|" * 30_000, "dryRun": True}),
    "text of quotes": lambda: query(IMPORT, input={"text": '"' * 300_001, "format": "CSV", "dryRun": True}),
    "text of brackets": lambda: query(IMPORT, input={"text": "[" * 300_000, "format": "JSON", "dryRun": True}),
    "text of columns": lambda: query(IMPORT, input={"text": "a," * 40_000, "format": "CSV", "dryRun": True}),
    "text of rules": lambda: query(IMPORT, input={"text": "|-" * 150_000, "format": "MARKDOWN", "dryRun": True}),
    "many columns": lambda: query(
        CREATE, input={"name": "x", "columns": [{"name": f"c{n}", "type": "TEXT"} for n in range(10_000)]}
    ),
    "evil pattern": lambda: query(
        CREATE,
        input={"name": "x", "columns": [{"name": "A", "type": "TEXT", "pattern": "(" * 5_000 + "a" + ")+" * 5_000}]},
    ),
}

BODIES: dict[str, Bomb] = {
    "deep JSON": lambda: b"[" * 900_000,
    "deep variables": lambda: (
        b'{"query": "{ me { id } }", "variables": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"}"
    ),
    "number": lambda: b"1",
    "null": lambda: b"null",
    "nothing": lambda: b"",
    "bad UTF-8": lambda: b'{"query": "\xff\xfe"}',
    "NaN": lambda: b'{"query": "query($n: Int) { __typename }", "variables": {"n": NaN}}',
    "huge number": lambda: b'{"query": "query($n: Int) { __typename }", "variables": {"n": ' + b"9" * 1_000_000 + b"}}",
    "many keys": lambda: json.dumps(
        {"query": "{ me { id } }", "variables": {f"k{n}": n for n in range(80_000)}}
    ).encode(),
    "one key": lambda: b'{"query": "{ me { id } }",' + b'"variables": {},' * 80_000 + b'"x": 1}',
    "batch": lambda: json.dumps([{"query": "{ me { id } }"}] * 20_000).encode(),
    "long operation name": lambda: json.dumps({"query": "{ me { id } }", "operationName": "a" * 1_500_000}).encode(),
    "too large": lambda: b" " * 12_000_000,
}


def workbook(**parts: bytes) -> bytes:
    """Return a zip file that claims to be a workbook."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml", b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        )
        archive.writestr(
            "xl/workbook.xml",
            b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
            b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
            b'<sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            b'<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
            b'worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        archive.writestr("xl/worksheets/sheet1.xml", parts.get("sheet", b"<worksheet/>"))
    return buffer.getvalue()


def sheet(rows: bytes) -> bytes:
    start = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return start + rows + b"</sheetData></worksheet>"


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
FILES: dict[str, Callable[[], tuple[str, bytes]]] = {
    "zip of zeros": lambda: ("a.xlsx", workbook(sheet=sheet(b"\0" * 210_000_000))),
    "entities": lambda: (
        "a.xlsx",
        workbook(sheet=b'<!DOCTYPE x [<!ENTITY l0 "ha">' + LAUGHS + b"]>" + sheet(b"<row><c><v>&l9;</v></c></row>")),
    ),
    "last cell": lambda: ("a.xlsx", workbook(sheet=sheet(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))),
    "deep XML": lambda: ("a.xlsx", workbook(sheet=sheet(b"<a>" * 60_000))),
    "half a zip": lambda: ("a.xlsx", workbook(sheet=sheet(b"<row/>" * 1_000))[:-200]),
    "endless quote": lambda: ("a.csv", b'a,b\n"' + b"x,\n" * 1_000_000),
    "bytes": lambda: ("a.csv", os.urandom(2_000_000)),
    "endless line": lambda: ("a.csv", b"x" * 3_000_000),
    "deep file": lambda: ("a.json", b"[" * 2_000_000),
    "PDF in circles": lambda: (
        "a.pdf",
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\n"
            b"trailer<</Root 1 0 R>>\n%%EOF"
        ),
    ),
}


class Others:
    """Small queries of another person from a thread of its own, and the seconds that each took."""

    def __init__(self, url: str, token: str) -> None:
        self.took: list[float] = []
        self._url, self._headers, self._over = url, {"Authorization": f"Bearer {token}"}, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Others":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, headers=self._headers, timeout=30) as http:
            while not self._over.wait(0.01):
                started = time.perf_counter()
                answer = http.post("/graphql", json={"query": "{ me { id } }"})
                self.took.append(time.perf_counter() - started)
                assert answer.json()["data"]["me"]

    def p99(self) -> float:
        return sorted(self.took)[int(len(self.took) * 0.99)]


def memory(process: int) -> int:
    """Return the resident bytes of a process."""
    return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def throw(http: httpx.Client, **request: Any) -> tuple[float, httpx.Response]:
    started = time.perf_counter()
    answer = http.post("/graphql", **request)
    return time.perf_counter() - started, answer


def encoded(body: Body) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def uploaded(title: str, content: bytes) -> dict[str, Any]:
    """Return the form of an import that changes nothing."""
    operations = json.dumps({"query": IMPORT, "variables": {"input": {"file": None, "dryRun": True}}})
    form = {"operations": operations, "map": json.dumps({"0": ["variables.input.file"]})}
    return {"data": form, "files": [("0", (title, content))], "headers": {"GraphQL-Preflight": "1"}}


def problem(name: str, took: float, answer: httpx.Response, seconds: float = SECONDS) -> str | None:
    """Return what is wrong with an answer, None if it is a result or a refusal in time."""
    body = answer.json()
    errors = body.get("errors") or [] if isinstance(body, dict) else []
    codes = [error.get("extensions", {}).get("code") for error in errors]
    if answer.status_code >= 500 or "INTERNAL_SERVER_ERROR" in codes:
        return f"{name}: {answer.status_code} {answer.text[:300]}"
    if len(answer.content) > 100_000:
        return f"{name}: answered with {len(answer.content):,} bytes"
    return f"{name}: took {took:.1f} s" if took > seconds else None


def test_bombs_are_refused_in_time_and_nobody_else_feels_them(tmp_path: Path) -> None:
    assert len(DOCUMENTS) + len(BODIES) + len(FILES) >= 40
    with running(tmp_path, BareProduct) as product, httpx.Client(base_url=product.url, timeout=60) as http:
        eve, ann = [sign_up(http, f"{name}@example.com") for name in ("eve", "ann")]
        json_ = {"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
        with Others(product.url, ann) as others:
            time.sleep(1)
            usual, before = others.p99(), memory(product.process.pid)
            others.took.clear()
            problems = [
                problem(name, *throw(http, content=content, headers=json_ | headers))
                for name, bomb in {**DOCUMENTS, **BODIES}.items()
                for content in [encoded(bomb())]
                for headers in ({"Authorization": f"Bearer {eve}"}, {})
            ]
            for name, make in FILES.items():
                form = uploaded(*make())
                form["headers"] |= {"Authorization": f"Bearer {eve}"}
                problems.append(problem(name, *throw(http, **form), FILE_SECONDS))
            p99 = others.p99()
            others.took.clear()
            time.sleep(1)
            usual = max(usual, others.p99())
        assert [each for each in problems if each] == []
        assert p99 < max(P99, 5 * usual), f"p99 of others {p99:.3f} s, without bombs {usual:.3f} s"
        assert memory(product.process.pid) - before < GROWTH


def sign_up(http: httpx.Client, email: str) -> str:
    """Return the access token of a new user."""
    document = "mutation S($input: SignUpInput!) { signUp(input: $input) { session { accessToken } } }"
    variables = {"input": {"email": email, "password": "correct horse battery"}}
    answer = http.post("/graphql", json={"query": document, "variables": variables}).json()
    token: str = answer["data"]["signUp"]["session"]["accessToken"]
    return token
