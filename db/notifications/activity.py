"""Activity of the viewer's organizations, in the order of the commits."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from db.core.base import now
from db.core.prepared import Prepared, bind
from db.models.activity import Activity
from db.models.memberships import Membership, MembershipStatus
from db.models.organizations import Organization

RETENTION = timedelta(days=7)
WINDOW = 200  # numbers that one read covers, whether or not the viewer may see their activities


# The policy hides nothing from a superuser, so the membership is asked for: a feed has one's own organizations.
organizations: Prepared[Any] = Prepared(
    select(Organization.id, Organization.last_activity, Membership.created_at.label("joined_at"))
    .join(Membership, Membership.organization_id == Organization.id)
    .where(
        Membership.user_id == bind("user_id", Membership.user_id),
        Membership.status == MembershipStatus.ACTIVE,
    )
)
_of_organization = Activity.organization_id == bind("organization_id", Activity.organization_id)
window: Prepared[Activity] = Prepared(
    select(Activity)
    .where(
        _of_organization,
        Activity.number > bind("after", Activity.number),
        Activity.number <= bind("until", Activity.number),
    )
    .order_by(Activity.number)
    .limit(WINDOW)
)

# These two are read by the system: they only say which numbers are stored.
stored_number: Prepared[Any] = Prepared(
    select(Activity.number).where(_of_organization, Activity.number == bind("number", Activity.number))
)
first_number: Prepared[Any] = Prepared(
    select(func.min(Activity.number).label("number")).where(
        _of_organization, Activity.created_at >= bind("since", Activity.created_at)
    )
)


def oldest_kept() -> UUID:
    """Return the smallest id of an activity that is kept; ids are ordered by time."""
    return smallest_id(now() - RETENTION)


def smallest_id(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 of this moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
