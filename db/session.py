"""The unit of work: a session that filters what it reads, checks what it writes, and keeps the history."""

from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

import sqlalchemy.orm
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import ORMExecuteState, UOWTransaction

from auth.viewer import Role, Viewer
from db.base import Base, Child, Owned, now
from db.events import Event
from db.history import FieldChange, record_changes
from db.policy import Ruled, criteria, refuse_unmapped
from errors import Forbidden, NotFound

R = TypeVar("R", bound=Base)


class Session(sqlalchemy.orm.Session):
    """A session of one viewer; what it emits is told after its commit, and not at all without one."""

    def __init__(self, bind: Any = None, *, viewer: Viewer, **options: Any) -> None:
        super().__init__(bind, expire_on_commit=False, **options)
        self.viewer = viewer
        self.events: list[Event] = []
        self.checked: set[tuple[type[Base], UUID]] = set()
        self._roles: dict[UUID, Role] | None = None

    def emit(self, event: Event) -> None:
        if event not in self.events:
            self.events.append(event)

    @property
    def user_id(self) -> UUID:
        """The person at work; the product itself has none and must not get here."""
        if self.viewer.user_id is None:
            raise Forbidden("Only a signed-in person can do this.")
        return self.viewer.user_id

    @property
    def roles(self) -> dict[UUID, Role]:
        """The viewer's roles by organization, read once in a transaction."""
        if self._roles is None:
            from db.organizations import roles_of

            self._roles = roles_of(self, self.viewer.user_id)
        return self._roles

    def obtain(self, model: type[R], id_: UUID, *, lock: bool = False) -> R:
        """The row, if the viewer may see it; NotFound otherwise. `lock` makes other writers of it wait."""
        query = select(model).where(model.id == id_)
        row = self.scalars(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NotFound(f"There is no such {model.__name__.lower()}, or you may not see it.")
        return row

    def obtain_to_change(self, model: type[R], id_: UUID) -> R:
        """The locked row, if the viewer may change it; Forbidden when they may only see it."""
        row = self.obtain(model, id_, lock=True)
        check(self, row)
        return row


Unit = Callable[..., Any]


@event.listens_for(Session, "do_orm_execute")
def _filter(state: ORMExecuteState) -> Any:
    """Selects of mapped entities get the policy; anything else would slip past it and is refused."""
    if not state.is_select:
        raise RuntimeError("a unit changes rows through the session, so that each change is checked")
    refuse_unmapped(state.statement)
    assert isinstance(state.session, Session)
    viewer = state.session.viewer
    statement = state.statement.options(*criteria(everything=viewer.is_superuser))
    given = cast("dict[str, Any] | None", state.parameters)
    state.parameters = {**(given or {}), "viewer_id": viewer.user_id}
    return state.invoke_statement(statement)


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _: UOWTransaction, __: Any) -> None:
    moment, user_id = now(), session.viewer.user_id
    for row in session.deleted:
        if not session.viewer.is_superuser:
            raise Forbidden(f"A {type(row).__name__.lower()} is deleted softly.")
    for row in list(session.new):
        check(session, row)
        row.created_by_id = row.updated_by_id = user_id
    for row in [row for row in session.dirty if session.is_modified(row)]:
        check(session, row)
        row.updated_at, row.updated_by_id = moment, user_id
        record_changes(session, row)
    for row in session.new:
        if isinstance(row, FieldChange):
            row.created_by_id = row.updated_by_id = user_id


def check(session: Session, row: Base) -> None:
    """Raise Forbidden unless the viewer may make this change; rows never move to another owner."""
    if session.viewer.is_superuser:
        return
    if isinstance(row, Owned):
        allowed = _owner_may_write(session, row)
    elif isinstance(row, Child):
        _check_parent(session, row)
        allowed = True
    else:
        allowed = isinstance(row, Ruled) and row.writable(session.viewer, session.roles)
    if not allowed:
        raise Forbidden


def _owner_may_write(session: Session, row: Owned) -> bool:
    state = inspect(row)
    role = session.roles.get(row.organization_id)
    if state.transient or state.pending:
        return role is not None and row.owner_id == session.viewer.user_id
    moved = any(state.attrs[key].history.has_changes() for key in ("organization_id", "owner_id"))
    return not moved and (role is Role.ADMIN or (role is not None and row.owner_id == session.viewer.user_id))


def _check_parent(session: Session, row: Child) -> None:
    """Once in a transaction for each parent, however many children are written."""
    key = row.parent, getattr(row, row.parent_key)
    if key in session.checked:
        return
    added = (new for new in session.new if isinstance(new, row.parent) and new.id == key[1])
    check(session, next(added, None) or session.obtain(*key))
    session.checked.add(key)
