"""Deprecated parts of a schema: found in documents, told in extensions and headers."""

from enum import Enum

import pytest
import strawberry
from graphql import parse

from execution.deprecations import Deprecation, Deprecations
from execution.executor import Executor
from execution.operations import Operation, Request
from schema import schema as product
from transport.core.errors import format_error
from transport.graphql.deprecation import headers_of

WHY = "Use `name`. Deprecated since 2026-01-31, removed on 2026-07-31."


@strawberry.enum
class Color(Enum):
    RED = "red"
    PINK = strawberry.enum_value("pink", deprecation_reason="Too pale.")


@strawberry.input
class Filter:
    color: Color | None = None
    shade: int | None = strawberry.field(default=None, deprecation_reason="Use color.")


@strawberry.type
class Thing:
    name: str = "thing"
    title: str = strawberry.field(default="thing", deprecation_reason=WHY)


@strawberry.type
class Query:
    @strawberry.field
    def thing(self) -> Thing:
        return Thing()

    @strawberry.field
    def colored(self, color: Color | None = None, filter: Filter | None = None) -> Thing:
        return Thing()


SCHEMA = strawberry.Schema(Query)


@pytest.mark.parametrize(
    ("document", "coordinates"),
    [
        ("{ thing { name } }", []),
        ("{ thing { title } }", ["Thing.title"]),
        ("{ a: thing { b: title c: title } b: thing { title } }", ["Thing.title"]),
        ("{ thing { ...T } } fragment T on Thing { title }", ["Thing.title"]),
        ("{ thing { ... { title } } }", ["Thing.title"]),
        ("{ colored(color: PINK) { name } }", ["Color.PINK"]),
        ("{ colored(color: RED) { title } }", ["Thing.title"]),
        ("{ colored(filter: {shade: 3}) { name } }", ["Filter.shade"]),
        ("{ colored(filter: {color: PINK, shade: 3}) { name } }", ["Color.PINK", "Filter.shade"]),
        ("query Q($c: Color = PINK) { colored(color: $c) { name } }", ["Color.PINK"]),
        ('{ __type(name: "Thing") { fields(includeDeprecated: true) { name } } }', []),
    ],
)
def test_deprecated_parts_of_a_document_are_found(document: str, coordinates: list[str]) -> None:
    used = Deprecations(SCHEMA._schema).used_by(parse(document))
    assert [item.coordinate for item in used] == coordinates


def test_nothing_of_the_product_s_schema_is_deprecated_without_its_dates() -> None:
    """A deprecated part says since when it is, and when it is removed."""
    document = "{ serverInfo { version } }"
    assert Deprecations(product._schema).used_by(parse(document)) == ()


async def test_the_result_names_what_is_deprecated_and_the_cost_beside_it() -> None:
    executor = Executor(SCHEMA, format_error=format_error)
    operation = executor.prepare(Request("{ thing { title } }", extensions={"cost": True}), None)
    assert isinstance(operation, Operation)
    payload = (await executor.execute(operation, None)).payload()
    assert payload["data"] == {"thing": {"title": "thing"}}
    assert payload["extensions"]["deprecations"] == [{"coordinate": "Thing.title", "reason": WHY}]
    assert "cost" in payload["extensions"]
    plain = executor.prepare(Request("{ thing { name } }"), None)
    assert isinstance(plain, Operation)
    assert "extensions" not in (await executor.execute(plain, None)).payload()


def test_headers_have_the_earliest_dates() -> None:
    def reasons(*texts: str) -> list[Deprecation]:
        return [Deprecation("A.b", text) for text in texts]

    assert headers_of([]) == {}
    assert headers_of(reasons("Old.")) == {}
    assert headers_of(reasons(WHY)) == {"deprecation": "@1769817600", "sunset": "Fri, 31 Jul 2026 00:00:00 GMT"}
    other = "Deprecated since 2025-12-24, removed on 2027-01-01."
    assert headers_of(reasons(WHY, other)) == {
        "deprecation": "@1766534400",
        "sunset": "Fri, 31 Jul 2026 00:00:00 GMT",
    }
