"""Private ratings of messages, one a user and message."""

from uuid import UUID

from sqlalchemy import select

from db.core.dialect_sql import OneOf
from db.core.prepared import Prepared, bind
from db.core.session import Session
from db.core.sqlite_writer import short
from db.models.messages import Message
from db.models.ratings import MessageRating, Rating
from errors import BadUserInput

MAX_COMMENT = 2_000


# The user is an explicit condition, because the policy hides nothing from a superuser.
of_messages: Prepared[MessageRating] = Prepared(
    select(MessageRating).where(
        OneOf(MessageRating.message_id), MessageRating.user_id == bind("user_id", MessageRating.user_id)
    )
)


@short
def rate(session: Session, message_id: UUID, value: Rating | None, comment: str | None) -> Message:
    """Set or replace the viewer's rating of a message; a `value` of None removes it. Raises BadUserInput."""
    message = session.get(Message, message_id)
    if value is None and comment:
        raise BadUserInput.of("comment", "A comment needs a rating. Send UP or DOWN with it.")
    if comment and (len(comment) > MAX_COMMENT or "\x00" in comment):
        raise BadUserInput.of(
            "comment", f"Invalid comment. It must have at most {MAX_COMMENT:,} characters and no NUL character."
        )
    query = select(MessageRating).where(
        MessageRating.message_id == message_id, MessageRating.user_id == session.user_id
    )
    rating = session.scalars(query.with_for_update()).one_or_none()
    if rating is None:
        rating = MessageRating(message_id=message_id, user_id=session.user_id)
        session.add(rating)
    rating.value, rating.comment = value, comment or None
    return message
