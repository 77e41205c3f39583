"""Atomic claims: of many concurrent attempts to set a column, exactly one succeeds."""

from datetime import datetime
from typing import Any

import sqlalchemy.orm
from sqlalchemy import update
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement

from db.core.base import NotAudited, now
from db.core.session import Session


def set_once(
    session: Session, moment: InstrumentedAttribute[datetime | None], *conditions: ColumnElement[bool]
) -> bool:
    """Set a timestamp that is null by one atomic UPDATE; return True if this unit was the one to set it.

    Only for unaudited bookkeeping rows, which the audit log and the policy do not concern.
    """
    model: Any = moment.class_
    assert issubclass(model, NotAudited)
    statement: Any = update(model).where(moment.is_(None), *conditions).values({moment: now()})
    session.flush()
    return bool(sqlalchemy.orm.Session.connection(session).execute(statement).rowcount)
