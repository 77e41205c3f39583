"""Requests, operations and results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import OperationDefinitionNode, OperationType

from execution.documents import Document


@dataclass(frozen=True, slots=True)
class Request:
    """Request of a client, as sent."""

    query: str
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a valid document, ready to run; `cost` is its cost under the document's limits."""

    request: Request
    document: Document
    node: OperationDefinitionNode
    cost: int = 0

    @property
    def kind(self) -> OperationType:
        return self.node.operation

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None


@dataclass(frozen=True, slots=True)
class Result:
    """Result for a client. A request error has no data; an execution has data, which may be None.

    `position` is that of an event of a subscription which can be resumed after it.
    """

    data: Mapping[str, Any] | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    is_request_error: bool = False
    extensions: Mapping[str, Any] | None = None
    position: str | None = None

    def payload(self) -> dict[str, Any]:
        """Return the response as the GraphQL specification defines it, errors first."""
        payload: dict[str, Any] = {"errors": self.errors} if self.errors or self.is_request_error else {}
        if not self.is_request_error:
            payload["data"] = self.data
        if self.extensions:
            payload["extensions"] = self.extensions
        return payload
