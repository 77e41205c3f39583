"""What a write is done for: the mutation that somebody sent, or the work that the product does by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class AuditContext:
    """`action` is the name of a mutation or the kind of a job; a job has no address and no request."""

    action: str
    ip_address: str | None = None
    request_id: str | None = None


SYSTEM = AuditContext("system")
_current: ContextVar[AuditContext] = ContextVar("cause")


def current_audit_context() -> AuditContext:
    """Why the task at work writes; whoever hands it to a thread hands this over too."""
    return _current.get(SYSTEM)


@contextmanager
def audit_context(cause: AuditContext) -> Iterator[None]:
    """Every write until the end, also of tasks that begin meanwhile, is done for this."""
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)
