"""Audit context: the mutation or the job on whose behalf a write happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class AuditContext:
    """Cause of a write.

    `action` is the name of a mutation or the kind of a job; a job has no IP address and no request.
    """

    action: str
    ip_address: str | None = None
    request_id: str | None = None


SYSTEM = AuditContext("system")
_current: ContextVar[AuditContext] = ContextVar("cause")


def current_audit_context() -> AuditContext:
    """Return the context of the running task; code that hands work to a thread passes it along."""
    return _current.get(SYSTEM)


@contextmanager
def audit_context(cause: AuditContext) -> Iterator[None]:
    """Set the context of every write in this block, also of tasks that are created in it."""
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)
