import time
from typing import Any

import pytest
from graphql import build_schema

from execution.documents import Document, Documents
from execution.limits import Limits

SCHEMA = build_schema("type Query {a: Int b(size: Int): Int q: Query users(first: Int): Query}")


def documents(**options: Any) -> Documents:
    return Documents(SCHEMA, Limits(), **options)


def codes(result: object) -> list[str]:
    assert isinstance(result, list)
    return [error.extensions["code"] for error in result]


def test_a_text_is_read_once() -> None:
    read = documents()
    assert read.read("{a}") is read.read("{a}")


def test_the_least_recently_used_go_when_the_tokens_kept_are_too_many() -> None:
    read = documents(capacity=9)
    first, second = read.read("{a}"), read.read("{b}")  # three tokens each
    assert read.read("{a}") is first
    read.read("{q{a}}")  # six tokens: {b} goes, then {a}
    assert read.read("{b}") is not second
    assert read.read("{a}") is not first
    assert read._tokens <= 9


def test_a_long_text_is_not_kept() -> None:
    read = documents(largest=10)
    assert read.read("{a #12345678\n}") is not read.read("{a #12345678\n}")


def test_what_is_wrong_is_not_kept() -> None:
    read = documents()
    assert codes(read.read("{nothing}")) == ["GRAPHQL_VALIDATION_FAILED"]
    assert not read._cache


def test_a_syntax_error_is_one_error_with_its_place() -> None:
    result = documents().read("{a")
    assert isinstance(result, list)
    (error,) = result
    assert (error.message, error.extensions) == (
        "Syntax Error: Expected Name, found <EOF>.",
        {"code": "GRAPHQL_PARSE_FAILED"},
    )
    assert error.formatted["locations"] == [{"line": 1, "column": 3}]


def test_ten_mistakes_are_shown_of_many() -> None:
    assert (
        codes(documents().read("{q{" + " ".join(f"x{n}" for n in range(50)) + "}}"))
        == ["GRAPHQL_VALIDATION_FAILED"] * 10
    )


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("{" + "a " * 1000 + "}", "GRAPHQL_PARSE_FAILED", "Syntax Error: Document contains more than 1000 tokens."),
        ("#\n" * 1001 + "{a}", "GRAPHQL_PARSE_FAILED", "Syntax Error: Document contains more than 1000 comments."),
        ("{a}" + " " * 100_000, "DOCUMENT_TOO_COMPLEX", "The document has 100,003 characters; at most 100,000"),
        ("{" * 400, "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ("{" + "q{" * 300 + "a" + "}" * 301, "GRAPHQL_PARSE_FAILED", "Syntax Error"),
    ],
)
def test_a_document_that_is_too_long_is_refused_while_it_is_read(text: str, code: str, message: str) -> None:
    result = documents().read(text)
    assert codes(result) == [code]
    assert isinstance(result, list)
    assert result[0].message.startswith(message)


def fragments(count: int, body: str) -> str:
    spreads = " ".join(f"...f{n}" for n in range(count))
    return "{q{" + spreads + "}} " + " ".join(f"fragment f{n} on Query{{{body}}}" for n in range(count))


ATTACKS = {
    "repeated field": "{" + "a " * 900 + "}",
    "repeated selection": "{" + "q{a} " * 240 + "}",
    "nested repeats": "{" + "q{q{a} q{a}} " * 10 + "}",
    "fragments side by side": fragments(50, "a q{a q{a}}"),
    "fragments side by side with repeats": fragments(30, "q{a} q{a} q{a}"),
    "doubling fragments": "{...f0 ...f0}"
    + "".join(f"fragment f{n} on Query{{q{{...f{n + 1} ...f{n + 1}}}}}" for n in range(30))
    + "fragment f30 on Query{a}",
    "a chain of fragments": "{...f0}"
    + "".join(f"fragment f{n} on Query{{...f{n + 1} a}}" for n in range(90))
    + "fragment f90 on Query{a}",
    "directives": "{a " + "@skip(if:true)" * 160 + "}",
    "unknown fields": "{" + " ".join(f"x{n}" for n in range(490)) + "}",
    "variables": "query(" + " ".join(f"$v{n}:Int" for n in range(240)) + "){a}",
    "arguments": "{b(" + " ".join(f"size{n}:1" for n in range(300)) + ")}",
    "a long name": "{" + "x" * 99_000 + "}",
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
def test_no_document_takes_longer_than_a_tenth_of_a_second_to_accept_or_refuse(text: str) -> None:
    def seconds() -> float:
        read = documents()
        started = time.process_time()
        read.read(text)
        return time.process_time() - started

    assert min(seconds() for _ in range(3)) < 0.1


def test_fields_that_take_a_page_size_are_known_by_name() -> None:
    assert documents().weights.paged == {"users"}


def test_a_document_tells_whether_its_cost_depends_on_variables() -> None:
    read = documents().read("query ($n: Int) {users(first: $n) {a}}")
    assert isinstance(read, Document)
    assert read.cost_varies
