"""Authorization, once: the criterion on every read, the check on every write.

Of the rows of their organizations a viewer sees those they own, those that are shared, and all where
they are ADMIN. A child is seen when its parent is. What cannot be seen reads as not found. The owner
and the organization's admins change; a superuser does everything.

The subqueries name tables without their mapping: they are what the criterion is made of, so the
criterion must not be applied to them.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, Protocol, cast, runtime_checkable

from sqlalchemy import Select, Table, Uuid, and_, bindparam, exists, false, or_, select
from sqlalchemy.orm import with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import ColumnElement, column, table
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import ColumnClause, TextClause
from sqlalchemy.sql.selectable import Alias, Join, TableClause
from sqlalchemy.sql.visitors import iterate

from auth.viewer import Role, Viewer
from db.base import Base, Child, Owned, Visibility

VIEWER = bindparam("viewer_id", type_=Uuid(), required=False)

_memberships = table(
    "memberships",
    column("user_id", Uuid()),
    column("organization_id", Uuid()),
    column("role"),
    column("status"),
    column("deleted_at"),
)


def _organizations(*roles: Role) -> Any:
    own = _memberships.alias()
    return select(own.c.organization_id).where(
        own.c.user_id == VIEWER,
        own.c.status == "ACTIVE",
        own.c.deleted_at.is_(None),
        *([own.c.role.in_([role.value for role in roles])] if roles else []),
    )


def mine() -> Any:
    """Ids of the organizations that the viewer is an active member of."""
    return _organizations()


def administered() -> Any:
    """Ids of the organizations that the viewer is an admin of."""
    return _organizations(Role.ADMIN)


def fellows() -> Any:
    """Ids of the users who are in an organization with the viewer."""
    fellow = _memberships.alias()
    return select(fellow.c.user_id).where(fellow.c.organization_id.in_(mine()), fellow.c.deleted_at.is_(None))


@runtime_checkable
class Ruled(Protocol):
    """A model that states its own rule instead of being Owned or a Child."""

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        """The criterion over `row`, the mapped class or the columns of an alias of its table."""

    def writable(self, viewer: Viewer, roles: dict[Any, Role]) -> bool:
        """Whether the viewer, with these roles by organization, may make or change this row."""


def visible(model: type[Base], row: Any) -> ColumnElement[bool]:
    """What the viewer may see of `model`, over the mapped class or an alias's columns."""
    if issubclass(model, Owned):
        return and_(
            row.organization_id.in_(mine()),
            or_(
                row.owner_id == VIEWER,
                row.visibility == Visibility.ORGANIZATION.value,
                row.organization_id.in_(administered()),
            ),
        )
    if issubclass(model, Child):
        return parent_visible(model, getattr(row, model.parent_key))
    if issubclass(model, Ruled):
        return model.visible(row)
    return false()


def parent_visible(model: type[Base], key: ColumnElement[Any], *, everything: bool = False) -> ColumnElement[bool]:
    """Whether the parent of a child exists and may be seen; `key` is its id, a column or a bind.

    With a bind it is one question for a whole list instead of one for each of its rows.
    """
    assert issubclass(model, Child)
    parent = cast(Table, model.parent.__table__).alias()
    conditions = [parent.c.id == key, parent.c.deleted_at.is_(None)]
    if not everything:
        conditions.append(visible(model.parent, parent.c))
    elif issubclass(model.parent, Child):
        grandparent = parent.c[model.parent.parent_key]
        conditions.append(parent_visible(model.parent, grandparent, everything=True))
    return exists(select(parent.c.id).where(*conditions))


def _models() -> Iterable[type[Base]]:
    return [mapper.class_ for mapper in Base.registry.mappers]


@cache
def criteria(*, everything: bool = False, checked: type[Base] | None = None) -> tuple[LoaderCriteriaOption, ...]:
    """The policy as options of a statement: every entity in it, however aliased or nested, is filtered.

    `everything` is a superuser's: only deleted rows are hidden, rather than a criterion that is always
    true and spoils the index. `checked` names a child whose parent the statement asks about itself.
    """

    def criterion(model: type[Base]) -> ColumnElement[bool]:
        alive: ColumnElement[bool] = model.deleted_at.is_(None)
        return alive if everything or model is checked else and_(alive, visible(model, model))

    return tuple(with_loader_criteria(model, criterion(model), include_aliases=True) for model in _models())


def refuse_unmapped(statement: Any) -> None:
    """Raise on SQL that the criterion cannot reach: text, literal columns, tables without a mapping."""
    for element in iterate(statement):
        sources: list[Any] = [element] if isinstance(element, TextClause | ColumnClause | UpdateBase | Join) else []
        if isinstance(element, Select):
            sources = [*element._raw_columns, *element._from_obj, *(join[0] for join in element._setup_joins)]
        if bare := next(filter(_unmapped, sources), None):
            raise RuntimeError(f"not a mapped entity, so the policy cannot filter it: {bare}")


def _unmapped(element: Any) -> bool:
    if isinstance(element, TextClause | UpdateBase):
        return True
    if isinstance(element, Join):
        return _unmapped(element.left) or _unmapped(element.right)
    if isinstance(element, ColumnClause):
        owner = element.table
        return element.is_literal or (_is_table(owner) and "parententity" not in element._annotations)
    return _is_table(element) and "parententity" not in element._annotations


def _is_table(element: Any) -> bool:
    """Whether it is a table or an alias of one; a subquery is looked into by itself."""
    if isinstance(element, Alias):
        return isinstance(element.element, TableClause)
    return isinstance(element, TableClause)
