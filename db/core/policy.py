"""Authorization in one place: the criterion of every read and the check of every write.

Of the rows of their organizations, viewers see those they own, those that are shared, and all where they are ADMIN.
A child is visible when its parent is. Invisible rows read as not found. The owner and the admins of the organization
may change a row and see it after its deletion; a superuser may do everything.
"""

from collections.abc import Callable, Hashable, Iterable
from enum import StrEnum
from functools import cache
from typing import Any, cast
from uuid import UUID

import sqlalchemy
from sqlalchemy import Table, Uuid, and_, bindparam, exists, false, not_, or_, select, true
from sqlalchemy.orm.interfaces import CriteriaOption
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import ExtendedInternalTraversal

from db.core.base import Base, Child, Owned, Visibility
from db.core.policy_rules import CustomRule
from db.core.policy_scopes import VIEWER, active_organizations, administered_organizations


def visible(model: type[Base], row: Any) -> ColumnElement[bool]:
    """Return the criterion of the rows of `model` that the viewer may see; `row` is the class or an alias's columns."""
    if issubclass(model, Owned):
        return and_(
            row.organization_id.in_(active_organizations()),
            or_(
                row.owner_id == VIEWER,
                row.visibility == Visibility.ORGANIZATION.value,
                row.organization_id.in_(administered_organizations()),
            ),
        )
    if issubclass(model, Child):
        return parent_visible(model, getattr(row, model.parent_key))
    if issubclass(model, CustomRule):
        return model.visible(row)
    return false()


def changeable(model: type[Base], row: Any) -> ColumnElement[bool]:
    """Return the criterion of the rows that the viewer may change, deleted ones included."""
    if issubclass(model, Owned):
        return and_(
            row.organization_id.in_(active_organizations()),
            or_(row.owner_id == VIEWER, row.organization_id.in_(administered_organizations())),
        )
    if issubclass(model, Child):
        parent = cast(Table, model.parent.__table__).alias()
        alive = parent.c.deleted_at.is_(None)
        key = getattr(row, model.parent_key)
        return exists(select(parent.c.id).where(parent.c.id == key, alive, changeable(model.parent, parent.c)))
    stated: Callable[[Any], ColumnElement[bool]] | None = getattr(model, "changeable", None)
    return false() if stated is None else stated(row)


def parent_visible(model: type[Base], key: ColumnElement[Any], *, everything: bool = False) -> ColumnElement[bool]:
    """Return the criterion that the parent of a child exists and is visible; `key` is its id, a column or a bind.

    With a bind it is evaluated once for a whole list instead of once for each row.
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


def visible_by_id(model: type[Base], key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the criterion that the row `key` exists and is visible, for rules that depend on another row."""
    row = cast(Table, model.__table__).alias()
    return exists(select(row.c.id).where(row.c.id == key, row.c.deleted_at.is_(None), visible(model, row.c)))


def visible_though_deleted(model: type[Base], key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the criterion that the row `key` is visible, or was before its deletion."""
    row = cast(Table, model.__table__).alias()
    return exists(select(row.c.id).where(row.c.id == key, visible(model, row.c)))


def _models() -> Iterable[type[Base]]:
    return [mapper.class_ for mapper in Base.registry.mappers]


Rule = Callable[[type[Base], Any], ColumnElement[bool]]


class Deleted(StrEnum):
    """Deleted rows in a statement: included beside the others, or selected alone."""

    INCLUDED = "INCLUDED"
    ONLY = "ONLY"


class _Criterion(LoaderCriteriaOption):
    """Criterion of a model, built for each alias: SQLAlchemy does not adapt it to joined aliases."""

    def __init__(self, model: type[Base], rule: Rule) -> None:
        # True stands for a criterion that is never read; building those of all models takes 50 ms at the first request.
        super().__init__(model, true(), include_aliases=True)
        self.rule = rule

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:
        model = ext_info.mapper.class_
        return LoaderCriteriaOption(model, self.rule(model, ext_info.entity))._resolve_where_criteria(ext_info)


class _Policy(CriteriaOption):
    """Criteria of all models as one option, which every statement carries.

    `variant` identifies the rule in the cache keys of compiled statements: comparing whole criteria would take longer
    than everything else about a statement.
    """

    propagate_to_loaders = True
    _traverse_internals: Any = (("variant", ExtendedInternalTraversal.dp_plain_obj),)

    def __init__(self, rule: Rule, variant: Hashable) -> None:
        self.variant = variant
        # SQLAlchemy asks for these at every execution; looking up the mappers of 48 models each time took 0.1 ms.
        self._criteria = [
            (("additional_entity_criteria", mapper), criterion)
            for model in _models()
            for criterion in [_Criterion(model, rule)]
            for mapper in sqlalchemy.inspect(model).self_and_descendants
        ]

    def process_compile_state(self, compile_state: Any) -> None:
        self.get_global_criteria(compile_state.global_attributes)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:  # noqa: ARG002
        self.get_global_criteria(compile_state.global_attributes)

    def get_global_criteria(self, attributes: dict[Any, Any]) -> None:
        for key, criterion in self._criteria:
            attributes.setdefault(key, []).append(criterion)


@cache
def criteria(
    *,
    everything: bool = False,
    children: type[Base] | None = None,
    by_parent: bool = True,
    deleted: tuple[type[Base], Deleted] | None = None,
) -> CriteriaOption:
    """Return the policy as a statement option, which filters every entity, however aliased or nested.

    `everything` is the superuser's variant: it hides only deleted rows, because a criterion that is always true would
    spoil the index. `children` names a child model that is limited to the parent whose id is bound as its `parent_key`,
    as are other models with that parent; the statement checks the parent itself. Without `by_parent` the limit is
    written so that no index of the parent serves it. `deleted` names a model whose deleted rows are included, or
    selected exclusively, if the viewer may change them.
    """

    def rule(model: type[Base], row: Any) -> ColumnElement[bool]:
        alive = _deletion_criterion(
            model, row, deleted[1] if deleted and model is deleted[0] else None, everything=everything
        )
        if children is not None and _has_parent_of(model, children):
            return and_(alive, _is_of_parent(model, row, by_parent=by_parent))
        is_restored = deleted == (model, Deleted.ONLY)
        return alive if everything or is_restored else and_(alive, visible(model, row))

    return _Policy(rule, (everything, children, by_parent, deleted))


def _deletion_criterion(
    model: type[Base], row: Any, deleted: Deleted | None, *, everything: bool
) -> ColumnElement[bool]:
    alive: ColumnElement[bool] = row.deleted_at.is_(None)
    if deleted is None:
        return alive
    may_change = row.id.is_not(None) if everything else changeable(model, row)
    return and_(not_(alive), may_change) if deleted is Deleted.ONLY else or_(alive, may_change)


def _has_parent_of(model: type[Base], child: type[Base]) -> bool:
    assert issubclass(child, Child)
    return issubclass(model, Child) and (model.parent, model.parent_key) == (child.parent, child.parent_key)


def _is_of_parent(model: type[Base], row: Any, *, by_parent: bool) -> ColumnElement[bool]:
    """Return the limit to one parent.

    PostgreSQL reads all children of a parent that it believes to have few, instead of using a better index.
    """
    key, parent = getattr(row, parent_id(model).key), parent_id(model)
    of_parent: ColumnElement[bool] = key == parent
    return of_parent if by_parent else of_parent.is_(true())


def parent_id(model: type[Base]) -> BindParameter[UUID]:
    """Return the bind of the parent whose children a statement lists."""
    assert issubclass(model, Child)
    return bindparam(model.parent_key, required=False, type_=Uuid())
