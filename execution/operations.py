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
    """One operation of a valid document, ready to run."""

    request: Request
    document: Document
    node: OperationDefinitionNode

    @property
    def kind(self) -> OperationType:
        return self.node.operation

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None


@dataclass(frozen=True, slots=True)
class Result:
    """Result for a client. A request error has no data; an execution has data, which may be None."""

    data: Mapping[str, Any] | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    is_request_error: bool = False

    def payload(self) -> dict[str, Any]:
        """Return the response as the GraphQL specification defines it, errors first."""
        if self.is_request_error:
            return {"errors": self.errors}
        return {"errors": self.errors, "data": self.data} if self.errors else {"data": self.data}
