"""Unit of work: a session that filters its reads, checks its writes and keeps the audit log."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from functools import cache, cached_property
from types import MappingProxyType, SimpleNamespace
from typing import Any, NoReturn, TypeVar, cast
from uuid import UUID

import sqlalchemy.orm
from sqlalchemy import BigInteger, Select, Uuid, bindparam, column, event, inspect, select, table, update
from sqlalchemy.orm import ORMExecuteState, UOWTransaction
from uuid_utils.compat import uuid7

from auth.viewer import Role, Viewer
from db.core.activity_recorder import ActivityRecorder, PendingActivity, StorageRecorder, storage_exceeded
from db.core.audit_context import AuditContext
from db.core.audit_recorder import AuditRecorder
from db.core.base import AppendOnly, AuditedRow, Base, Child, Owned, Subject, now
from db.core.events import ActivityRecorded, Event
from db.core.policy import Deleted, criteria
from db.core.policy_rules import CustomRule
from db.core.policy_scopes import PERSONAL_ORGANIZATION, ROLES
from db.core.prepared import Plan, Prepared, plan_of
from db.core.statement_guard import refuse_unmapped_once
from db.core.unit_connection import UnitConnection
from errors import Forbidden, NotFound

R = TypeVar("R", bound=Base)


# A plain table, because mapped classes are not known here.
_organizations = table(
    "organizations", column("id", Uuid()), column("last_activity", BigInteger()), column("stored_bytes", BigInteger())
)
COUNT_OF_ORGANIZATION = (
    update(_organizations)
    .where(_organizations.c.id == bindparam("key"))
    .values(
        last_activity=_organizations.c.last_activity + bindparam("activities"),
        stored_bytes=_organizations.c.stored_bytes + bindparam("bytes", type_=BigInteger()),
    )
    .returning(_organizations.c.last_activity, _organizations.c.stored_bytes)
)
STORED_BYTES = select(_organizations.c.stored_bytes).where(_organizations.c.id == bindparam("key"))


class RollbackOnly(Exception):
    """Result of a unit that rolls back; it is not logged when the caller has gone."""


class Session(sqlalchemy.orm.Session):
    """Session of one viewer. Its events are published after the commit, and dropped without one.

    `job_limits` are the most unfinished jobs that the viewer may have, by kind; `storage_quota` is the most bytes of
    an organization, or None.
    """

    def __init__(
        self,
        bind: Any = None,
        *,
        viewer: Viewer,
        cause: AuditContext,
        job_limits: Mapping[str, int] = MappingProxyType({}),
        storage_quota: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(bind, expire_on_commit=False, **options)
        self.viewer, self.cause, self.job_limits = viewer, cause, job_limits
        self.events: list[Event] = []
        self.checked: set[tuple[type[Base], UUID]] = set()
        self.bypassed: set[Base] = set()
        self._roles: dict[UUID, Role] | None = None
        self.audit_recorder = AuditRecorder()
        self.activity_recorder = ActivityRecorder()
        self.storage = StorageRecorder(storage_quota)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("A unit is one transaction that checks each row: this method would bypass the checks.")

    def delete(self, instance: object) -> NoReturn:
        """Raise RuntimeError: a mistake of the unit's author, and not of the client, is an internal error."""
        raise RuntimeError(
            f"session.delete() of a {type(instance).__name__}: rows are deleted softly. Set its deleted_at instead; "
            "db.retention erases it later."
        )

    connection = begin_nested = _refuse
    bulk_save_objects = bulk_insert_mappings = bulk_update_mappings = _refuse

    @cached_property
    def driver(self) -> UnitConnection:
        """Return the connection of this transaction, for the foundations: it checks no policy."""
        return UnitConnection(super().connection())

    def read(self, query: Prepared[R], **parameters: Any) -> list[R]:
        """Return the rows of a prepared query as records: cheaper than mapped objects, and not to be changed."""
        return self._records(query.plan(self.driver.dialect, self.viewer), self.viewer, parameters)

    def read_as_system(self, query: Prepared[R], **parameters: Any) -> list[R]:
        """Return rows without the viewer's policy, for what the product itself has to know."""
        return self._records(query.plan(self.driver.dialect, SYSTEM), self.viewer, parameters)

    def _records(self, plan: Plan, viewer: Viewer, parameters: dict[str, Any]) -> list[Any]:
        self._autoflush()
        return plan.records(self.driver.fetch(plan.sql, plan.values(viewer, parameters)))

    def emit(self, event: Event) -> None:
        if event not in self.events:
            self.events.append(event)

    @property
    def user_id(self) -> UUID:
        """Return the id of the acting user. Raises Forbidden for the system itself."""
        if self.viewer.user_id is None:
            raise Forbidden("Only a signed-in user can do this.")
        return self.viewer.user_id

    @property
    def roles(self) -> dict[UUID, Role]:
        """Return the viewer's roles by organization, read once per transaction."""
        if self._roles is None:
            rows = self._records(plan_of(ROLES, self.driver.dialect), self.viewer, {})
            self._roles = {row.organization_id: Role(row.role) for row in rows}
        return self._roles

    @property
    def personal_organization_id(self) -> UUID:
        """Return the id of the viewer's personal organization."""
        plan = plan_of(PERSONAL_ORGANIZATION, self.driver.dialect)
        (record,) = self._records(plan, Viewer(self.user_id), {})
        organization_id: UUID = record.id
        return organization_id

    # SQLAlchemy returns None for a row that is absent or filtered out; a caller could forget to check it.
    def get(self, model: type[R], id_: UUID, *, lock: bool = False, **options: Any) -> R:  # type: ignore[override]
        """Return the row, locked for other writers if asked; raises NotFound when it is absent or invisible."""
        if options:  # one of SQLAlchemy's own calls
            return cast(R, super().get(model, id_, **options))
        query = _by_id(model, lock=lock, everything=self.viewer.is_superuser)
        parameters = {"row_id": id_, "viewer_id": self.viewer.user_id}
        row: R | None = self.scalars(query, parameters, execution_options=INSIDE).one_or_none()
        if row is None:
            raise NotFound(f"There is no such {model.__name__.lower()}, or you may not see it.")
        return row

    def get_for_update(self, model: type[R], id_: UUID) -> R:
        """Return the locked row if the viewer may change it. Raises Forbidden if it is only visible."""
        row = self.get(model, id_, lock=True)
        check(self, row)
        self.checked.add((model, id_))
        return row

    def get_all_for_update(self, model: type[R], ids: Collection[UUID]) -> dict[UUID, R]:
        """Return the locked rows by id, without invisible ones. Raises Forbidden if one must not be changed."""
        query = select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update()
        rows = {row.id: row for row in self.scalars(query)}
        for row in rows.values():
            check(self, row)
        self.checked |= {(model, id_) for id_ in rows}
        return rows

    def get_deleted_for_update(self, model: type[R], id_: UUID) -> R:
        """Return the locked deleted row if the viewer may restore it. Raises NotFound otherwise."""
        query = select(model).where(model.id == id_).with_for_update()
        row = self.scalars(query, execution_options={"deleted": (model, Deleted.ONLY)}).one_or_none()
        if row is None:
            raise NotFound("There is no deleted object with this id, or you may not restore it.")
        return row

    def bypass_rule_for(self, row: Base) -> None:
        """Allow this unit to change a row for a reason that its rule does not know, such as a mailed token."""
        self.bypassed.add(row)

    def annotate_audit(self, row: Base, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Add to the row's audit entry a change that is stored in another row."""
        assert isinstance(row, AuditedRow)
        self.audit_recorder.note(row, before, after)

    def write_audit_log(self) -> list[Event]:
        """Flush and write the audit log; the engine calls this right before the commit."""
        self.flush()
        rows = [
            {
                "id": uuid7(),
                "created_by_id": self.viewer.user_id,
                "updated_by_id": self.viewer.user_id,
                "organization_id": self._organization_of(entry.subject),
                "subject_type": entry.subject[0].__name__,
                "subject_id": entry.subject[1],
                "before": entry.before,
                "after": entry.after,
                "api_key": self.viewer.api_key,
                **vars(self.cause),
            }
            for entry in self.audit_recorder.entries()
        ]
        if rows:
            self.driver.insert(_model("audit_entries"), rows)
        self._count_of_organizations()
        return self.events

    def check_storage(self, organization_id: UUID) -> None:
        """Raise StorageExceeded if the organization has used up its storage already."""
        quota = self.storage.quota
        if quota is not None:
            plan = plan_of(STORED_BYTES, self.driver.dialect)
            (record,) = self._records(plan, self.viewer, {"key": organization_id})
            if record.stored_bytes >= quota:
                raise storage_exceeded(quota, record.stored_bytes, 0)

    def _count_of_organizations(self) -> None:
        """Write the activity of each organization, numbered without gaps in the order of the commits, and its storage.

        The number locks the row of the organization until the commit. This is the last statement of a transaction,
        so nobody waits for longer than a commit takes. Raises StorageExceeded.
        """
        by_organization = defaultdict[UUID, list[PendingActivity]](list)
        for pending in self.activity_recorder.pending():
            organization_id = self._organization_of(pending.container)
            if organization_id is not None:
                by_organization[organization_id].append(pending)
        added = self.storage.added
        for organization_id in sorted(by_organization.keys() | added.keys()):  # two transactions lock in one order
            activities = by_organization[organization_id]
            parameters = {"key": organization_id, "activities": len(activities), "bytes": added[organization_id]}
            records = self._records(plan_of(COUNT_OF_ORGANIZATION, self.driver.dialect), self.viewer, parameters)
            if not records:  # the transaction has erased the organization
                continue
            self.storage.check(organization_id, records[0].stored_bytes)
            if not activities:
                continue
            first = records[0].last_activity - len(activities) + 1
            common = {
                "organization_id": organization_id,
                "created_by_id": self.viewer.user_id,
                "updated_by_id": self.viewer.user_id,
            }
            rows = [activity.as_row() | common | {"number": first + n} for n, activity in enumerate(activities)]
            self.driver.insert(_model("activities"), rows)
            self.emit(ActivityRecorded(organization_id))

    def _organization_of(self, subject: Subject) -> UUID | None:
        """Return the organization of an entry: that of its subject, or of the parent of its subject."""
        model, id_ = subject
        row: Any = self.identity_map.get(inspect(model).identity_key_from_primary_key((id_,)))
        if row is None:
            row = self.scalars(select(model).where(model.id == id_), execution_options=INSIDE).one_or_none()
        if isinstance(row, Child):
            return self._organization_of((row.parent, getattr(row, row.parent_key)))
        return getattr(row, row.organization_key, None) if isinstance(row, AuditedRow) else None


Unit = Callable[..., Any]
INSIDE = {"inside": object()}  # execution option of the session's own statements, which skip the policy
SYSTEM = Viewer.system()


@cache
def _by_id(model: type[Any], *, lock: bool, everything: bool) -> Select[Any]:
    """Return the statement of one row, with the policy inside. SQLAlchemy finds its SQL by identity, not by content."""
    query = select(model).where(model.id == bindparam("row_id", type_=Uuid()))
    return (query.with_for_update() if lock else query).options(criteria(everything=everything))


@cache
def _model(table_name: str) -> type[Base]:
    """Return the model of a table: this module comes before the models."""
    return next(m.class_ for m in Base.registry.mappers if m.class_.__tablename__ == table_name)


@event.listens_for(Session, "do_orm_execute")
def _filter(state: ORMExecuteState) -> Any:
    """Add the policy to selects of mapped entities; refuse everything else, which would bypass it."""
    if state.execution_options.get("inside") is INSIDE["inside"]:
        return None
    if not state.is_select:
        raise RuntimeError("A unit runs selects only. Change rows as attributes, so that each change is checked.")
    assert isinstance(state.session, Session)
    viewer = state.session.viewer
    statement = state.statement.options(
        criteria(everything=viewer.is_superuser, deleted=state.execution_options.get("deleted"))
    )
    refuse_unmapped_once(state.statement, statement)
    parameters = cast("dict[str, Any] | None", state.parameters)
    state.parameters = {**(parameters or {}), "viewer_id": viewer.user_id}
    return state.invoke_statement(statement)


@event.listens_for(Session, "detached_to_persistent")
def _refuse_foreign(_: Session, row: Base) -> None:
    raise RuntimeError(f"This {type(row).__name__} was not read by this unit, so its owner is unknown: read it first.")


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _: UOWTransaction, __: Any) -> None:
    moment, user_id = now(), session.viewer.user_id
    # A second lock: no query or subscription writes for its viewer, and mutations are refused before they run.
    if session.viewer.is_read_only:
        raise Forbidden("This API key may only read.")
    changed = [row for row in session.dirty if session.is_modified(row)]
    if any(isinstance(row, AppendOnly) for row in (*session.new, *changed)):
        raise Forbidden("Entries of the audit log cannot be written, changed or deleted.")
    for row in session.new:
        check(session, row)
        session.audit_recorder.add(row)
        session.activity_recorder.add(row)
        row.created_by_id = row.updated_by_id = user_id
    for row in changed:
        check(session, row)
        session.audit_recorder.change(row)
        session.activity_recorder.change(row)
        row.updated_at, row.updated_by_id = moment, user_id


def check(session: Session, row: Base) -> None:
    """Raise Forbidden unless the viewer may make this change; rows never move to another owner or parent."""
    if session.viewer.is_superuser or row in session.bypassed:
        return
    if isinstance(row, Owned):
        allowed = _owner_may_write(session, row)
    elif isinstance(row, Child):
        _check_parent(session, row)
        allowed = True
    else:
        allowed = isinstance(row, CustomRule) and _ruled_may_write(session, row)
    if not allowed:
        raise Forbidden


def _owner_may_write(session: Session, row: Owned) -> bool:
    role = session.roles.get(row.organization_id)
    if not inspect(row).persistent:
        return role is not None and row.owner_id == session.viewer.user_id
    if _moved(row, "organization_id", "owner_id"):
        return False
    return role is Role.ADMIN or (role is not None and row.owner_id == session.viewer.user_id)


def _ruled_may_write(session: Session, row: CustomRule) -> bool:
    """Return True if the rule allows the row before and after the change: a change must not grant itself."""
    state = inspect(row)
    assert state is not None
    before = SimpleNamespace()
    for key in state.mapper.column_attrs.keys():  # noqa: SIM118  a collection of attributes, not a dict
        history = state.attrs[key].load_history()
        setattr(before, key, next(iter(history.deleted or history.unchanged or history.added or ()), None))
    return all(type(row).writable(as_, session.viewer, session.roles) for as_ in (cast(CustomRule, before), row))


def _moved(row: Any, *keys: str) -> bool:
    state = inspect(row)
    return state.persistent and any(state.attrs[key].history.has_changes() for key in keys)


def _check_parent(session: Session, row: Child) -> None:
    """Check the parent once per transaction, however many children are written."""
    if _moved(row, row.parent_key):
        raise Forbidden
    key = row.parent, getattr(row, row.parent_key)
    if key in session.checked:
        return
    added = (new for new in session.new if isinstance(new, row.parent) and new.id == key[1])
    check(session, next(added, None) or session.get(*key))
    session.checked.add(key)
