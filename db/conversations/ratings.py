"""Ratings: what each person thinks of a message; nobody sees another's."""

from uuid import UUID

from sqlalchemy import select

from db.core.prepared import OneOf, Prepared, bind
from db.core.session import Session
from db.models.messages import Message
from db.models.ratings import MessageRating, Rating
from errors import BadUserInput

MAX_COMMENT = 2_000


# A superuser's policy hides nothing, so whose they are is a condition.
of_messages: Prepared[MessageRating] = Prepared(
    select(MessageRating).where(
        OneOf(MessageRating.message_id), MessageRating.user_id == bind("user_id", MessageRating.user_id)
    )
)


def rate(session: Session, message_id: UUID, value: Rating | None, comment: str | None) -> Message:
    """Keep what the viewer thinks of a message that they see, instead of what they thought before."""
    message = session.get(Message, message_id)
    if value is None and comment:
        raise BadUserInput.of("comment", "A comment goes with a rating: send UP or DOWN with it.")
    if comment and (len(comment) > MAX_COMMENT or "\x00" in comment):
        raise BadUserInput.of("comment", f"A comment has at most {MAX_COMMENT:,} characters, and no NUL character.")
    query = select(MessageRating).where(
        MessageRating.message_id == message_id, MessageRating.user_id == session.user_id
    )
    kept = session.scalars(query.with_for_update()).one_or_none()
    if kept is None:
        kept = MessageRating(message_id=message_id, user_id=session.user_id)
        session.add(kept)
    kept.value, kept.comment = value, comment or None
    return message
