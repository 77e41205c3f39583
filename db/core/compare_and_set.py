"""What can be done once: of many who claim it at the same moment, one succeeds."""

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
    """Set a moment that is not set yet, by one atomic UPDATE of one row; whether this unit was the one to do so.

    The row is of a model that the product itself keeps: it is in no audit log, and no rule says who changes it.
    """
    model: Any = moment.class_
    assert issubclass(model, NotAudited)
    statement: Any = update(model).where(moment.is_(None), *conditions).values({moment: now()})
    session.flush()
    return bool(sqlalchemy.orm.Session.connection(session).execute(statement).rowcount)
