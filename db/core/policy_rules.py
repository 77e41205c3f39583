"""Policy rules of models that are neither Owned nor a Child, and the mixins that several of them share."""

from typing import Any, Protocol, cast, runtime_checkable
from uuid import UUID

from sqlalchemy.sql import ColumnElement

from auth.viewer import Role, Viewer
from db.core.policy_scopes import VIEWER


@runtime_checkable
class CustomRule(Protocol):
    """Model that states its own rule instead of being Owned or a Child."""

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        """Return the criterion over `row`, which is the mapped class or the columns of an alias."""

    def writable(self, viewer: Viewer, roles: dict[Any, Role]) -> bool:
        """Return True if the viewer, with these roles by organization, may create or change this row."""


class UserOwned:
    """Row of one user, `user_id`, visible to and changed by this user only."""

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        own: ColumnElement[bool] = row.user_id == VIEWER
        return own

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:
        own: bool = cast(Any, self).user_id == viewer.user_id
        return own


class SystemOnly:
    """Row that no user sees or changes; only the product itself does."""

    @classmethod
    def visible(cls, row: Any) -> ColumnElement[bool]:
        never: ColumnElement[bool] = row.id.is_(None)
        return never

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:
        return False


class Administered:
    """Row that the admins of its `organization_id` change; each model states who sees it."""

    def writable(self, viewer: Viewer, roles: dict[UUID, Role]) -> bool:
        return roles.get(cast(Any, self).organization_id) is Role.ADMIN
