"""Execution of operations: parse, execute before a deadline, format errors.

graphql-core executes, with Strawberry's executor class so that resolvers get their `strawberry.Info`, and with
plans for plain selections. Strawberry's own `Schema.execute` would add an extensions runner to each operation,
which is not used here.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias, TypeGuard, cast

import strawberry
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    located_error,
)
from graphql.execution import execute_subscription_event
from strawberry.execution import optimized_is_awaitable

from execution.access import PublicFields
from execution.documents import MAX_ERRORS, Document, Documents
from execution.enum_messages import list_allowed_values
from execution.errors import Code, OperationError
from execution.inputs import check_inputs
from execution.limits import Limits
from execution.operations import Operation, Request, Result
from execution.planned import PlannedExecution
from execution.positions import Positions
from execution.weights import NO_WEIGHTS, Weights

MAX_MESSAGE = 300

Execution: TypeAlias = PlannedExecution
FormatError: TypeAlias = Callable[[GraphQLError, Any], dict[str, Any]]

is_awaitable = cast("Callable[[Any], TypeGuard[Awaitable[Any]]]", optimized_is_awaitable)


async def charge_nothing(_context: Any, _cost: int) -> None:
    """Admit an operation of any cost."""


class Executor:
    """Executor of the operations of one schema.

    `format_error` returns the JSON form of an error and decides how much of it the client sees. `deadline` is in
    seconds, for a query, a mutation, or one event of a subscription. `event_context` returns the context of each
    event of a subscription, so that nothing cached for one event is served to the next. `require_viewer(context)` and
    `require_scope(context, root type, field)` raise for callers who may not select a root field, and
    `charge(context, cost)` for callers who have used up what they may.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        format_error: FormatError,
        limits: Limits | None = None,
        weights: Weights = NO_WEIGHTS,
        deadline: float = 30.0,
        event_context: Callable[[Any], Any] = lambda context: context,
        require_viewer: Callable[[Any], object] = lambda _: None,
        require_scope: Callable[[Any, str, str], object] = lambda *_: None,
        charge: Callable[[Any, int], Awaitable[None]] = charge_nothing,
        hide_suggestions: bool = False,
        introspection: bool = True,
    ) -> None:
        self._schema = schema._schema
        self._public_fields = PublicFields(self._schema)
        self._positions = Positions(self._schema)
        self._require_viewer, self._require_scope, self._charge = require_viewer, require_scope, charge
        self._format_error = format_error
        self._deadline = deadline
        self._event_context = event_context
        self._hide_suggestions = hide_suggestions
        self._documents = Documents(
            self._schema, limits or Limits(), weights, hide_suggestions=hide_suggestions, introspection=introspection
        )

    def prepare(self, request: Request, context: Any) -> Operation | Result:
        """Return the operation that a request names, or a result with the errors of the request."""
        document = self._documents.read(request.query)
        if isinstance(document, list):
            return self.refuse(document, context)
        try:
            node = _named(document, request.operation_name)
            operation = Operation(request, document, node)
            if (refusal := self._admission_error(operation, context)) is not None:
                return self.refuse([refusal], context)
            cost = self._documents.cost_of(document, node, request.variables)
            if request.variables:
                check_inputs(self._schema, node, request.variables, self._documents.limits.input_fields)
        except OperationError as error:
            return self.refuse([error], context)
        return replace(operation, cost=cost)

    def ignores_credentials(self, request: Request) -> bool:
        """Return whether a request may be run although the credentials sent with it were refused."""
        document = self._documents.read(request.query)
        if isinstance(document, list):
            return False
        try:
            operation = Operation(request, document, _named(document, request.operation_name))
        except OperationError:
            return False
        return self._public_fields.ignores_credentials(operation)

    def _admission_error(self, operation: Operation, context: Any) -> GraphQLError | None:
        try:
            self._require_viewer(context)
        except Exception as error:
            restricted = self._public_fields.others(operation)
            return located_error(error, restricted) if restricted else None
        for node in self._public_fields.selected(operation):
            try:
                self._require_scope(context, operation.kind.value.title(), node.name.value)
            except Exception as error:
                return located_error(error, [node])
        return None

    async def execute(self, operation: Operation, context: Any) -> Result:
        """Run a query or a mutation. Never raises: errors of resolvers are in the result."""
        execution = await self._admit(operation, context)
        if isinstance(execution, Result):
            return execution
        result = await self._finish(execution.execute_operation, context, operation.kind)
        return self._with_extensions(result, operation)

    async def subscribe(self, operation: Operation, context: Any) -> AsyncGenerator[Result, None] | Result:
        """Start a subscription; close the generator to stop it. A source that fails ends with one error."""
        execution = await self._admit(operation, context)
        if isinstance(execution, Result):
            return execution
        try:
            source = create_source_event_stream(execution)
            if is_awaitable(source):
                async with asyncio.timeout(self._deadline):
                    source = await source
        except Exception as error:
            return self.refuse([_failure(error, operation)], context)
        if isinstance(source, ExecutionResult):
            return self.refuse(source.errors or (), context)
        return self._events(execution, cast("AsyncIterable[Any]", source), operation, context)

    def refuse(self, errors: Sequence[Exception], context: Any) -> Result:
        """Return the result of a request that is not executed."""
        return Result(errors=self._formatted(errors, context), is_request_error=True)

    async def _events(
        self, execution: Execution, source: AsyncIterable[Any], operation: Operation, context: Any
    ) -> AsyncGenerator[Result, None]:
        position_of = self._positions.of(operation)
        try:
            async for payload in source:
                if (data := execution.planned_event(payload)) is not None:
                    yield Result(data, position=position_of(payload))
                    continue
                event = execution.build_per_event_executor(payload)
                event.context_value = self._event_context(context)
                result = await self._finish(partial(execute_subscription_event, event), context)
                yield replace(result, position=position_of(payload))
        except Exception as error:
            yield Result(errors=self._formatted([_failure(error, operation)], context))
        finally:
            if isinstance(source, AsyncGenerator):
                await source.aclose()

    async def _admit(self, operation: Operation, context: Any) -> Execution | Result:
        """Charge the caller for an operation and start it."""
        try:
            await self._charge(context, operation.cost)
        except Exception as error:
            return self.refuse([error], context)
        return self._start(operation, context)

    def _with_extensions(self, result: Result, operation: Operation) -> Result:
        """Return a result with the cost, for a client that asked for it, and the deprecated parts that it used."""
        extensions: dict[str, Any] = {}
        if operation.request.extensions.get("cost") is True:
            extensions["cost"] = {"operation": operation.cost, "limit": self._documents.limits.cost}
        if deprecations := operation.document.deprecations:
            extensions["deprecations"] = [{"coordinate": d.coordinate, "reason": d.reason} for d in deprecations]
        return replace(result, extensions=extensions) if extensions else result

    def _start(self, operation: Operation, context: Any) -> Execution | Result:
        request, document = operation.request, operation.document
        built = PlannedExecution.build(
            self._schema,
            document.node,
            context_value=context,
            raw_variable_values=dict(request.variables),
            operation_name=operation.name,
            max_coercion_errors=MAX_ERRORS,
            is_awaitable=is_awaitable,
            hide_suggestions=self._hide_suggestions,
            operation_extensions=request.extensions,
            plans={} if document.plans is None else document.plans,
        )
        execution = cast("PlannedExecution | list[GraphQLError]", built)
        if isinstance(execution, list):
            return self.refuse([self._bad_variable(error) for error in execution], context)
        return execution

    def _bad_variable(self, error: GraphQLError) -> OperationError:
        message = error.message if self._hide_suggestions else list_allowed_values(error.message, self._schema)
        return OperationError.of(Code.BAD_VARIABLES, error, message)

    async def _finish(
        self, run: Callable[[], Any], context: Any, kind: OperationType = OperationType.SUBSCRIPTION
    ) -> Result:
        deadline = asyncio.timeout(self._deadline)
        try:
            result = run()
            if is_awaitable(result):
                async with deadline:
                    result = await result
        except Exception as error:
            failure = self._too_late(kind) if deadline.expired() else error
            return Result(errors=self._formatted([failure], context))
        return Result(result.data, self._formatted(result.errors or (), context))

    def _too_late(self, kind: OperationType) -> OperationError:
        advice = "Ask for less, or try again."
        if kind is OperationType.MUTATION:
            advice = "It may still take effect, so check the result before you try again."
        message = f"The operation was stopped after {self._deadline:g} s. {advice}"
        return OperationError(Code.DEADLINE_EXCEEDED, message)

    def _formatted(self, errors: Sequence[Exception], context: Any) -> list[dict[str, Any]]:
        return [self._formatted_one(error, context) for error in errors[:MAX_ERRORS]]

    def _formatted_one(self, error: Exception, context: Any) -> dict[str, Any]:
        if not isinstance(error, GraphQLError):
            error = GraphQLError(str(error), original_error=error)
        formatted = self._format_error(error, context)
        message = formatted["message"]
        if len(message) > MAX_MESSAGE:
            formatted["message"] = message[: MAX_MESSAGE - 1] + "…"
        return formatted


def _named(document: Document, name: str | None) -> OperationDefinitionNode:
    operations = document.operations
    if name:
        for node in operations:
            if node.name and node.name.value == name:
                return node
        raise OperationError(Code.UNKNOWN_OPERATION, f"The document has no operation named {name!r}.")
    if len(operations) == 1:
        return operations[0]
    advice = "name one in operationName." if operations else "add a query, mutation or subscription to it."
    raise OperationError(Code.UNKNOWN_OPERATION, f"The document has {len(operations)} operations: {advice}")


def _failure(error: Exception, operation: Operation) -> GraphQLError:
    """Return an exception of a subscription's source, located at its field."""
    root = next(iter(operation.node.selection_set.selections), None)
    if not isinstance(root, FieldNode):
        return located_error(error)
    return located_error(error, [root], [(root.alias or root.name).value])
