"""Failures of a sign-in at an identity provider."""

from enum import StrEnum


class Failure(StrEnum):
    """Kind of a failure, which decides what the person is told."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"


class OIDCFailure(Exception):
    """Sign-in that failed; the message is for the operator's log and has no secret, code or token."""

    def __init__(self, failure: Failure, message: str) -> None:
        self.failure = failure
        super().__init__(message)


def refused(message: str) -> OIDCFailure:
    return OIDCFailure(Failure.REFUSED, message)


def unreachable(message: str) -> OIDCFailure:
    return OIDCFailure(Failure.UNREACHABLE, message)
