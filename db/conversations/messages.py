"""Messages of users and replies of the assistant."""

from dataclasses import dataclass

from db.core.pagination import Listing
from db.models.conversations import Conversation
from db.models.messages import Message
from errors import BadUserInput

MAX_TEXT, PREVIEW_LENGTH, TITLE_LENGTH = 200_000, 140, 60


of_conversation = Listing(Message, of_parent=True)


@dataclass(frozen=True)
class Exchange:
    """Message of a user and the reply to it, which has just begun."""

    conversation: Conversation
    message: Message
    reply: Message


def checked_text(text: str) -> str:
    if not text.strip():
        raise BadUserInput.of("text", f"The text is empty. Send 1 to {MAX_TEXT:,} characters.")
    if len(text) > MAX_TEXT:
        raise BadUserInput.of("text", f"The text has {len(text):,} characters. Send at most {MAX_TEXT:,}.")
    if "\x00" in text:
        raise BadUserInput.of("text", "The text contains a NUL character. Remove it.")
    return text


def shorten(text: str, length: int) -> str:
    """Return the beginning of a text as one line of at most `length` characters."""
    # Only the first part is split: a text may have 200,000 characters.
    line = " ".join(text.lstrip()[: length * 4].split())
    return line if len(line) <= length else line[: length - 1] + "…"
