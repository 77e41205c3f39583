"""The rules of models that are neither Owned nor a Child: the shape that all have, and those that several share."""

from typing import Any, Protocol, cast, runtime_checkable
from uuid import UUID

from sqlalchemy.sql import ColumnElement

from auth.viewer import Role, Viewer
from db.core.policy_scopes import VIEWER


@runtime_checkable
class CustomRule(Protocol):
    """A model that states its own rule instead of being Owned or a Child."""

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        """The criterion over `row`, the mapped class or the columns of an alias of its table."""

    def writable(self, viewer: Viewer, roles: dict[Any, Role]) -> bool:
        """Whether the viewer, with these roles by organization, may make or change this row."""


class UserOwned:
    """A row of one person, its `user_id`, who alone sees and changes it."""

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.user_id == VIEWER
        return own

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:
        own: bool = cast(Any, self).user_id == viewer.user_id
        return own


class SystemOnly:
    """A row that nobody sees or changes: the product itself does."""

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        nobody: ColumnElement[bool] = row.id.is_(None)
        return nobody

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:
        return False


class Administered:
    """A row that the admins of its `organization_id` change; each model says who sees it."""

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:
        return roles.get(cast(Any, self).organization_id) is Role.ADMIN
