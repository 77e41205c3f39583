"""Numbers of a TABLE_SUMMARY report besides the summaries of the columns."""

from typing import Any

from sqlalchemy import func, select

from db.core.prepared import Prepared, bind
from db.models.revisions import Revision
from db.reports.day_text import day_text

_day = day_text(Revision.created_at).label("day")
revisions: Prepared[Any] = Prepared(
    select(_day, Revision.source, func.count(Revision.id).label("number"))
    .where(
        Revision.created_at >= bind("since", Revision.created_at),
        Revision.created_at < bind("until", Revision.created_at),
    )
    .group_by(_day, Revision.source),
    children=Revision,
)
