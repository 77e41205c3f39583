"""Storage that organizations use: their tables, attachments and files of exports.

`organizations.stored_bytes` counts all of it until it is erased: the session adds what a transaction stores, and
`db.retention.storage` takes away what is erased.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared, bind
from db.core.session import INSIDE, Session
from db.models.attachments import Attachment
from db.models.conversations import Conversation
from db.models.exports import Export
from db.models.jobs import Job
from db.models.memberships import Membership, MembershipStatus
from db.models.messages import Message
from db.models.organizations import Organization
from db.models.tables import Table

MAX_LISTED = 100
DATABASE_SIZE = func.pg_database_size(func.current_database())

# Files that the retention sweep has not erased: those of exports that finished after `moment`.
of_exports: Prepared[Any] = Prepared(
    select(
        Export.organization_id,
        func.count(Export.id).label("files"),
        func.coalesce(func.sum(Export.size), 0).label("bytes"),
    )
    .join(Job, Job.id == Export.job_id)
    .where(OneOf(Export.organization_id), Export.file.is_not(None), Job.finished_at > bind("moment", Job.finished_at))
    .group_by(Export.organization_id)
)

of_attachments: Prepared[Any] = Prepared(
    select(
        Conversation.organization_id,
        func.count(Attachment.id).label("files"),
        func.coalesce(func.sum(Attachment.size), 0).label("bytes"),
    )
    .join(Message, Message.conversation_id == Conversation.id)
    .join(Attachment, Attachment.message_id == Message.id)
    .where(OneOf(Conversation.organization_id))
    .group_by(Conversation.organization_id)
)

of_tables: Prepared[Any] = Prepared(
    select(Table.organization_id, func.count(Table.id).label("files"), func.sum(Table.size).label("bytes"))
    .where(OneOf(Table.organization_id))
    .group_by(Table.organization_id)
)

# Only of organizations that the viewer is a member of: an invitation shows the name and no more.
stored_bytes: Prepared[Any] = Prepared(
    select(Organization.id, Organization.stored_bytes)
    .join(Membership, Membership.organization_id == Organization.id)
    .where(
        OneOf(Organization.id),
        Membership.user_id == bind("user_id", Membership.user_id),
        Membership.status == MembershipStatus.ACTIVE,
    )
)
personal: Prepared[Any] = Prepared(
    select(Organization.id, Organization.stored_bytes)
    .join(Membership, Membership.organization_id == Organization.id)
    .where(Organization.is_personal, Membership.user_id == bind("user_id", Membership.user_id))
)


def measure(session: Session, server: str = "") -> dict[str, Any]:
    """Return the sizes in bytes of the database, if `server` is set, and of the 100 largest organizations.

    Only a database server knows its own size; the command looks at the file of SQLite.
    """
    size = session.scalars(select(DATABASE_SIZE), execution_options=INSIDE).one() if server else None
    exports = select(Export.organization_id, func.sum(Export.size)).where(Export.file.is_not(None))
    attachments = (
        select(Conversation.organization_id, func.sum(Attachment.size))
        .join(Message, Message.conversation_id == Conversation.id)
        .join(Attachment, Attachment.message_id == Message.id)
    )
    tables = select(Table.organization_id, func.sum(Table.size))
    sums = {
        "exports": dict(_rows(session, exports.group_by(Export.organization_id))),
        "attachments": dict(_rows(session, attachments.group_by(Conversation.organization_id))),
        "tables": dict(_rows(session, tables.group_by(Table.organization_id))),
    }
    totals = Counter[UUID]()
    for kind in sums.values():
        totals.update(kind)
    largest = [id_ for id_, _ in totals.most_common(MAX_LISTED)]
    names = {row.id: row.name for row in session.scalars(select(Organization).where(Organization.id.in_(largest)))}
    return {
        "database_bytes": size,
        "organizations": [
            {"id": str(id_), "name": names.get(id_), **{kind: sizes.get(id_, 0) for kind, sizes in sums.items()}}
            for id_ in largest
        ],
    }


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[tuple[UUID, int]]:
    for organization_id, size in session.execute(query):
        yield organization_id, int(size or 0)
