"""Limits on the jobs of one person that are unfinished at once, by kind of job."""

from typing import Any

from sqlalchemy import func, select

from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.models.jobs import Job
from db.models.users import User
from errors import RateLimited

RETRY_MILLISECONDS = 5_000
NAMES = {"export": "exports", "extraction": "extractions", "reply": "replies"}

unfinished_of_user: Prepared[Any] = Prepared(
    select(Job.kind, func.count(Job.id).label("jobs"))
    .where(Job.owner_id == bind("user_id", Job.owner_id), Job.kind.in_(NAMES), Job.finished_at.is_(None))
    .group_by(Job.kind)
)


def check_room(session: Session, kind: str) -> None:
    """Raise RateLimited if the viewer has as many unfinished jobs of a kind as they may have."""
    limit = session.job_limits.get(kind)
    if limit is None:
        return
    # Concurrent requests of a person wait here for each other, or all would see the same count. FOR NO KEY UPDATE,
    # because FOR UPDATE would wait for every insert that refers to the user, and such inserts for each other.
    session.execute(select(User.id).where(User.id == session.user_id).with_for_update(key_share=True))
    unfinished = session.scalars(
        select(func.count(Job.id)).where(Job.owner_id == session.user_id, Job.kind == kind, Job.finished_at.is_(None))
    ).one()
    if unfinished >= limit:
        raise RateLimited(
            f"You have {unfinished} unfinished {NAMES[kind]}, and the limit is {limit}. Wait for one to finish, or "
            "cancel one.",
            limit=limit,
            used=unfinished,
            quota=NAMES[kind],
            retryAfterMs=RETRY_MILLISECONDS,
        )
