import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError, OperationType

from execution.errors import OperationError
from execution.executor import Executor
from execution.limits import Limits
from execution.operations import Operation, Request, Result


class Context:
    def __init__(self, name: str = "first") -> None:
        self.name = name
        self.closed = asyncio.Event()


Info = strawberry.Info[Context, None]


@strawberry.type
class Query:
    @strawberry.field
    def context(self, info: Info) -> str:
        return info.context.name

    @strawberry.field
    def variables(self, info: Info, text: str) -> str:
        return f"{text} {info.variable_values} {info.input_extensions} {info.schema is schema}"

    @strawberry.field
    def users(self, first: int = 2) -> list[int]:
        return list(range(first))

    @strawberry.field
    def bug(self, message: str = "secret") -> str:
        raise RuntimeError(message)

    @strawberry.field
    def maybe(self) -> str | None:
        raise RuntimeError("secret")

    @strawberry.field
    async def sleep(self) -> str:
        await asyncio.sleep(60)
        return "never"

    @strawberry.field
    async def own_timeout(self) -> str | None:
        raise TimeoutError("mine")

    @strawberry.field
    def many(self) -> list["Maybe"]:
        return [Maybe() for _ in range(30)]


@strawberry.type
class Maybe:
    @strawberry.field
    def bug(self) -> str | None:
        raise RuntimeError("x" * 1000)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, name: str) -> str:
        return name

    @strawberry.mutation
    async def linger(self) -> str:
        await asyncio.sleep(60)
        return "never"


@strawberry.type
class Event:
    number: int

    @strawberry.field
    def context(self, info: Info) -> str:
        return info.context.name

    @strawberry.field
    async def sleep(self) -> str | None:
        await asyncio.sleep(60)
        return "never"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, info: Info, to: int = 2) -> AsyncGenerator[Event, None]:
        try:
            for number in range(to):
                yield Event(number=number)
            await asyncio.sleep(60 if to > 5 else 0)
        finally:
            info.context.closed.set()

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[Event, None]:
        yield Event(number=1)
        raise RuntimeError("secret")

    @strawberry.subscription
    async def counted(self) -> AsyncGenerator[Event, None]:
        for number in (1, 2, 2**40, 3):
            yield Event(number=number)


schema = strawberry.Schema(Query, Mutation, Subscription)


def masked(error: GraphQLError, _context: Any) -> dict[str, Any]:
    if isinstance(error, OperationError):
        return {"message": error.message, "code": (error.extensions or {})["code"]}
    return {"message": f"masked {type(error.original_error).__name__}", "path": error.path}


def shown(error: GraphQLError, _context: Any) -> dict[str, Any]:
    return dict(error.formatted)


def executor(**options: Any) -> Executor:
    return Executor(schema, **{"format_error": masked, **options})


async def run(query: str, on: Executor | None = None, **fields: Any) -> Result:
    on = on or executor()
    operation = on.prepare(Request(query, **fields), None)
    return operation if isinstance(operation, Result) else await on.execute(operation, Context())


async def follow(query: str, on: Executor, context: Context) -> AsyncGenerator[Result, None]:
    operation = on.prepare(Request(query), context)
    assert isinstance(operation, Operation)
    stream = await on.subscribe(operation, context)
    assert not isinstance(stream, Result)
    return stream


async def test_resolvers_get_the_context_as_strawberry_info() -> None:
    result = await run("{context}")
    assert result == Result({"context": "first"})
    assert result.payload() == {"data": {"context": "first"}}


async def test_resolvers_see_variables_and_extensions() -> None:
    query = "query ($text: String!) {variables(text: $text)}"
    result = await run(query, variables={"text": "hi"}, extensions={"trace": 1})
    assert result.data == {"variables": "hi {'text': 'hi'} {'trace': 1} True"}


async def test_a_mistake_in_the_document_is_a_request_error_without_data() -> None:
    result = await run("{nothing}")
    message = "Cannot query field 'nothing' on type 'Query'."
    assert result.payload() == {"errors": [{"message": message, "code": "GRAPHQL_VALIDATION_FAILED"}]}


async def test_a_bad_variable_is_a_request_error_and_is_not_masked() -> None:
    result = await run("query ($n: Int!) {users(first: $n)}", variables={"n": "many"})
    assert result.is_request_error
    assert result.errors == [
        {
            "message": "Variable '$n' has invalid value: Int cannot represent non-integer value: 'many'",
            "code": "BAD_USER_INPUT",
        }
    ]


async def test_a_huge_bad_variable_is_not_echoed() -> None:
    result = await run("query ($n: Int!) {users(first: $n)}", variables={"n": "x" * 900_000})
    assert len(result.errors[0]["message"]) == 300
    assert result.errors[0]["message"].endswith("…")


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        ("query A {context}", "B", "The document has no operation named 'B'."),
        ("query A {context} query B {context}", None, "The document has 2 operations: name one in operationName."),
        ("query A {context} query B {context}", "", "The document has 2 operations: name one in operationName."),
    ],
)
async def test_an_unknown_operation_is_a_request_error(query: str, name: str | None, message: str) -> None:
    result = await run(query, operation_name=name)
    assert result.payload() == {"errors": [{"message": message, "code": "OPERATION_RESOLUTION_FAILURE"}]}


async def test_the_operation_that_is_named_runs() -> None:
    result = await run('query A {context} mutation B {rename(name: "x")}', operation_name="B")
    assert result.data == {"rename": "x"}


def test_an_operation_tells_its_kind_and_name() -> None:
    operation = executor().prepare(Request('mutation M {rename(name: "x")}'), None)
    assert isinstance(operation, Operation)
    assert (operation.kind, operation.name) == (OperationType.MUTATION, "M")


async def test_a_size_in_a_variable_is_checked_with_each_request() -> None:
    small = executor(limits=Limits(cost=5))
    query = "query ($n: Int) {users(first: $n) many {bug}}"
    result = await run(query, small, variables={"n": 3})
    assert result.data is not None
    nested = "query ($n: Int) {__schema {types {fields(first: $n) {name}}}}"
    assert (await run(nested, small, variables={"n": 3})).is_request_error


async def test_what_a_resolver_raises_goes_through_the_formatter() -> None:
    result = await run("{bug}")
    assert result.payload() == {"errors": [{"message": "masked RuntimeError", "path": ["bug"]}], "data": None}
    assert not result.is_request_error


async def test_other_fields_are_answered_beside_one_that_fails() -> None:
    result = await run("{maybe context}")
    assert result.data == {"maybe": None, "context": "first"}
    assert [error["path"] for error in result.errors] == [["maybe"]]


async def test_at_most_ten_errors_of_300_characters_are_sent() -> None:
    result = await run("{many {bug}}", executor(format_error=shown))
    assert [len(error["message"]) for error in result.errors] == [300] * 10
    assert result.data == {"many": [{"bug": None}] * 30}


async def test_an_operation_is_stopped_at_its_deadline() -> None:
    result = await run("{sleep}", executor(deadline=0.02))
    assert result.payload() == {
        "errors": [
            {
                "message": "The operation was stopped after 0.02 s. Ask for less, or try again.",
                "code": "DEADLINE_EXCEEDED",
            }
        ],
        "data": None,
    }


async def test_a_mutation_that_is_not_answered_in_time_may_be_done_all_the_same() -> None:
    result = await run("mutation {linger}", executor(deadline=0.02))
    advice = "It may still take effect, so check the result before you try again."
    assert [error["message"] for error in result.errors] == [f"The operation was stopped after 0.02 s. {advice}"]


async def test_a_timeout_of_a_resolver_is_its_own() -> None:
    result = await run("{ownTimeout}")
    assert result.errors == [{"message": "masked TimeoutError", "path": ["ownTimeout"]}]


async def test_suggestions_can_be_hidden_for_fields_and_for_arguments() -> None:
    hiding = executor(hide_suggestions=True)
    assert "mean" in (await run("{contex}")).errors[0]["message"]
    assert "mean" in (await run("{users(firs: 1)}")).errors[0]["message"]
    assert "mean" not in (await run("{contex}", hiding)).errors[0]["message"]
    assert "mean" not in (await run("{users(firs: 1)}", hiding)).errors[0]["message"]


async def test_a_subscription_yields_a_result_for_each_event() -> None:
    stream = await follow("subscription {count {number}}", executor(), Context())
    assert [result.data async for result in stream] == [{"count": {"number": 0}}, {"count": {"number": 1}}]


async def test_each_event_has_a_context_of_its_own() -> None:
    created = iter("abc")
    on = executor(event_context=lambda _: Context(next(created)))
    stream = await follow("subscription {count {context}}", on, Context())
    assert [result.data async for result in stream] == [{"count": {"context": "a"}}, {"count": {"context": "b"}}]


@pytest.mark.parametrize(
    "document", ["subscription { counted { number } }", "subscription { it: counted { n: number @include(if: true) } }"]
)
async def test_events_like_one_before_are_completed_alike_and_what_is_wrong_with_one_is_said(document: str) -> None:
    looked_at: list[Any] = []

    def event_context(context: Any) -> Any:
        looked_at.append(context)
        return context

    stream = await follow(document, executor(event_context=event_context), Context())
    results = [result async for result in stream]
    outer, inner = ("it", "n") if "it:" in document else ("counted", "number")
    assert [result.data for result in results] == [
        {outer: {inner: 1}},
        {outer: {inner: 2}},
        None,
        {outer: {inner: 3}},
    ]
    assert [[error["path"] for error in result.errors] for result in results] == [[], [], [[outer, inner]], []]
    assert len(looked_at) == 2  # the first of its class, and the one that is wrong


async def test_closing_a_subscription_closes_its_source() -> None:
    context = Context()
    stream = await follow("subscription {count(to: 10) {number}}", executor(), context)
    await anext(stream)
    await stream.aclose()
    assert context.closed.is_set()


async def test_cancelling_who_waits_for_an_event_closes_the_source() -> None:
    context = Context()

    async def consume() -> None:
        async for _ in await follow("subscription {count(to: 6) {number}}", executor(), context):
            pass

    task = asyncio.create_task(consume())
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task])
    assert context.closed.is_set()


async def test_a_source_that_fails_ends_in_one_error_at_its_field() -> None:
    stream = await follow("subscription {x: broken {number}}", executor(), Context())
    first, last = [result async for result in stream]
    assert first.data == {"x": {"number": 1}}
    assert last.payload() == {"errors": [{"message": "masked RuntimeError", "path": ["x"]}], "data": None}


async def test_an_event_is_stopped_at_the_deadline_and_the_next_one_comes() -> None:
    stream = await follow("subscription {count {number sleep}}", executor(deadline=0.02), Context())
    results = [result.errors[0]["code"] async for result in stream]
    assert results == ["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"]


async def test_a_subscription_with_bad_variables_is_a_request_error() -> None:
    on = executor()
    query = "subscription ($to: Int!) {count(to: $to) {number}}"
    operation = on.prepare(Request(query), None)
    assert isinstance(operation, Operation)
    result = await on.subscribe(operation, Context())
    assert isinstance(result, Result)
    assert result.is_request_error
