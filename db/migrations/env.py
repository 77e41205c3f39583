"""Environment of Alembic: runs the migrations in the given transaction."""

from typing import Any, Literal

from alembic import context

import db.models  # noqa: F401  every model, so that the metadata is whole
from db.core.base import Base, JsonType, UtcDateTime
from db.migrations import is_mapped


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Render our column types as plain ones, so that migrations do not change with them."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, type(JsonType)):
        return 'sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=False,
    render_item=render_item,
    include_name=is_mapped,
)
with context.begin_transaction():
    context.run_migrations()
