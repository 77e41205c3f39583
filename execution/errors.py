"""Errors of an operation itself: of its document, its variables, its cost or its duration."""

from enum import StrEnum

from graphql import GraphQLError


class Code(StrEnum):
    """`extensions.code` of a mistake in the request."""

    PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    TOO_COMPLEX = "DOCUMENT_TOO_COMPLEX"
    UNKNOWN_OPERATION = "OPERATION_RESOLUTION_FAILURE"
    BAD_VARIABLES = "BAD_USER_INPUT"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"


class OperationError(GraphQLError):
    """Mistake in the request; its message is safe to show, and `extensions.code` is set."""

    def __init__(self, code: Code, message: str, cause: GraphQLError | None = None) -> None:
        """Take the location in the document from `cause`, but nothing else of it: its cause may hold secrets."""
        nodes, source, positions = (cause.nodes, cause.source, cause.positions) if cause else (None, None, None)
        super().__init__(message, nodes, source, positions, extensions={"code": code.value})

    @classmethod
    def of(cls, code: Code, cause: GraphQLError, message: str | None = None) -> "OperationError":
        """Return an error at the place of `cause`, with its message unless another one is passed."""
        return cls(code, message or cause.message, cause)
