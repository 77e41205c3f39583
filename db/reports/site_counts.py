"""Numbers of a SITE_ACTIVITY report, of the sites that the viewer may see.

Every query takes `organization_id`; those of a period also `since` and `until`.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select

from db.core.prepared import Prepared, bind
from db.models.conversations import Conversation
from db.models.items import Item
from db.models.modules import Module
from db.models.reading_hours import ReadingHour
from db.models.sites import Site
from db.reports.day_text import day_text
from db.sites.reading_hours import SUMS

MAX_SITES, MAX_MODULES = 1_000, 5_000

_in_organization = Site.organization_id == bind("organization_id", Site.organization_id)

sites: Prepared[Any] = Prepared(
    select(Site.id, Site.name).where(_in_organization).order_by(Site.name, Site.id).limit(MAX_SITES)
)

modules: Prepared[Any] = Prepared(
    select(
        *(getattr(Module, name) for name in ("id", "site_id", "name", "kind", "status", "last_seen_at")),
    )
    .join(Site, Site.id == Module.site_id)
    .where(_in_organization)
    .order_by(Site.name, Site.id, Module.name, Module.id)
    .limit(MAX_MODULES)
)

statuses: Prepared[Any] = Prepared(
    select(Module.site_id, Module.status, func.count(Module.id).label("number"))
    .join(Site, Site.id == Module.site_id)
    .where(_in_organization)
    .group_by(Module.site_id, Module.status)
)


def _readings_by(key: ColumnElement[Any]) -> Prepared[Any]:
    """Return the query of the number of readings of a period by a key."""
    label = key.label("key")
    return Prepared(
        select(label, func.sum(SUMS.exact()["count"]).label("number"))
        .join(Module, Module.id == ReadingHour.module_id)
        .join(Site, Site.id == Module.site_id)
        .where(_in_organization, *SUMS.in_period())
        .group_by(label)
    )


readings_by_day = _readings_by(day_text(ReadingHour.hour))
readings_by_module = _readings_by(ReadingHour.module_id.expression)


def _of_sites(model: Any, *columns: ColumnElement[Any]) -> Prepared[Any]:
    """Return the query of what was created in the period about each site, and of other columns."""
    is_new = and_(
        model.created_at >= bind("since", model.created_at), model.created_at < bind("until", model.created_at)
    )
    return Prepared(
        select(model.site_id, func.sum(case((is_new, 1), else_=0)).label("number"), *columns)
        .join(Site, Site.id == model.site_id)
        .where(_in_organization)
        .group_by(model.site_id)
    )


items = _of_sites(Item, func.sum(case((Item.is_completed, 0), else_=1)).label("open"))
conversations = _of_sites(Conversation)
