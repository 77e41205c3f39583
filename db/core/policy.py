"""Authorization, once: the criterion on every read, the check on every write.

Of the rows of their organizations a viewer sees those they own, those that are shared, and all where
they are ADMIN. A child is seen when its parent is. What cannot be seen reads as not found. The owner
and the organization's admins change, and see what was deleted; a superuser does everything.
"""

from collections.abc import Callable, Hashable, Iterable
from enum import StrEnum
from functools import cache
from typing import Any, cast
from uuid import UUID

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
    """What the viewer may see of `model`, over the mapped class or an alias's columns."""
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
    """What the viewer may change of `model`, deleted or not; who may change a row may see that it was deleted."""
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


def seen(model: type[Base], key: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the row whose id is `key` is there and may be seen, for a rule that goes by another row."""
    row = cast(Table, model.__table__).alias()
    return exists(select(row.c.id).where(row.c.id == key, row.c.deleted_at.is_(None), visible(model, row.c)))


def _models() -> Iterable[type[Base]]:
    return [mapper.class_ for mapper in Base.registry.mappers]


Rule = Callable[[type[Base], Any], ColumnElement[bool]]


class Deleted(StrEnum):
    """What a statement reads of what was deleted: it besides the rest, or nothing else."""

    TOO = "TOO"
    ONLY = "ONLY"


class _Criterion(LoaderCriteriaOption):
    """A model's criterion, stated anew over each alias: SQLAlchemy does not rewrite it for one that is joined."""

    def __init__(self, model: type[Base], rule: Rule) -> None:
        super().__init__(model, rule(model, model), include_aliases=True)
        self.rule = rule

    def _resolve_where_criteria(self, ext_info: Any) -> ColumnElement[bool]:
        model = ext_info.mapper.class_
        return LoaderCriteriaOption(model, self.rule(model, ext_info.entity))._resolve_where_criteria(ext_info)


class _Policy(CriteriaOption):
    """The criteria of all models as one option, which every statement carries.

    `variant` stands for the rule in the keys of compiled statements: comparing whole criteria takes
    longer than everything else that a statement costs.
    """

    propagate_to_loaders = True
    _traverse_internals: Any = (("variant", ExtendedInternalTraversal.dp_plain_obj),)

    def __init__(self, rule: Rule, variant: Hashable) -> None:
        self.variant = variant
        self._criteria = [_Criterion(model, rule) for model in _models()]

    def process_compile_state(self, compile_state: Any) -> None:
        for criterion in self._criteria:
            criterion.process_compile_state(compile_state)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:
        for criterion in self._criteria:
            criterion.process_compile_state_replaced_entities(compile_state, mapper_entities)

    def get_global_criteria(self, attributes: dict[Any, Any]) -> None:
        for criterion in self._criteria:
            criterion.get_global_criteria(attributes)


@cache
def criteria(
    *,
    everything: bool = False,
    children: type[Base] | None = None,
    by_parent: bool = True,
    deleted: tuple[type[Base], Deleted] | None = None,
) -> CriteriaOption:
    """The policy as an option of a statement: every entity in it, however aliased or nested, is filtered.

    `everything` is a superuser's: only deleted rows are hidden, rather than a criterion that is always
    true and spoils the index. `children` names a model that is limited, wherever it stands, to the parent
    whose id is bound as its `parent_key`, as are other models with that parent; the statement asks about the parent
    itself. Without `by_parent` the limit is written so that no index serves it. `deleted` names a model whose
    deleted rows are read too, or nothing but them, by those who may change them.
    """

    def rule(model: type[Base], row: Any) -> ColumnElement[bool]:
        alive = _standing(model, row, deleted[1] if deleted and model is deleted[0] else None, everything=everything)
        if children is not None and _has_parent_of(model, children):
            return and_(alive, _is_of_parent(model, row, by_parent=by_parent))
        is_restored = deleted == (model, Deleted.ONLY)
        return alive if everything or is_restored else and_(alive, visible(model, row))

    return _Policy(rule, (everything, children, by_parent, deleted))


def _standing(model: type[Base], row: Any, deleted: Deleted | None, *, everything: bool) -> ColumnElement[bool]:
    alive: ColumnElement[bool] = row.deleted_at.is_(None)
    if deleted is None:
        return alive
    theirs = row.id.is_not(None) if everything else changeable(model, row)
    return and_(not_(alive), theirs) if deleted is Deleted.ONLY else or_(alive, theirs)


def _has_parent_of(model: type[Base], child: type[Base]) -> bool:
    assert issubclass(child, Child)
    return issubclass(model, Child) and (model.parent, model.parent_key) == (child.parent, child.parent_key)


def _is_of_parent(model: type[Base], row: Any, *, by_parent: bool) -> ColumnElement[bool]:
    """PostgreSQL, when it believes that a parent has few children, reads them all rather than use a better index."""
    key, wanted = getattr(row, parent_id(model).key), parent_id(model)
    of_parent: ColumnElement[bool] = key == wanted
    return of_parent if by_parent else of_parent.is_(true())


def parent_id(model: type[Base]) -> BindParameter[UUID]:
    """The id of the one parent whose children a statement lists."""
    assert issubclass(model, Child)
    return bindparam(model.parent_key, required=False, type_=Uuid())
