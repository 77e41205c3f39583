"""What is said: people's messages and the assistant's replies."""

from dataclasses import dataclass

from db.core.pagination import Listing
from db.models.conversations import Conversation
from db.models.messages import Message
from errors import BadUserInput

MAX_TEXT, PREVIEW_LENGTH, TITLE_LENGTH = 200_000, 140, 60


of_conversation = Listing(Message, of_parent=True)


@dataclass(frozen=True)
class Exchange:
    """What a person said and the reply to it, which has only begun."""

    conversation: Conversation
    message: Message
    reply: Message


def checked_text(text: str) -> str:
    if not text.strip():
        raise BadUserInput.of("text", "Say something: the text is empty.")
    if len(text) > MAX_TEXT:
        raise BadUserInput.of("text", f"Send at most {MAX_TEXT:,} characters at once; this has {len(text):,}.")
    if "\x00" in text:
        raise BadUserInput.of("text", "The text has a NUL character in it: take it out.")
    return text


def shorten(text: str, length: int) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.lstrip()[: length * 4].split())
    return line if len(line) <= length else line[: length - 1] + "…"
