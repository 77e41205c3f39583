"""Validation of texts from users before they are stored."""

import re

from errors import BadUserInput

EMAIL = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]{1,190}\.[^@\s\x00.]{2,63}")


def checked_line(text: str, field: str, max_length: int) -> str:
    """Return a line of 1 to `longest` characters, stripped. Raises BadUserInput for `field`."""
    text = checked_text(" ".join(text.split()), field, max_length)
    if not text:
        raise BadUserInput.of(field, f"Write 1 to {max_length:,} characters.")
    return text


def checked_text(text: str, field: str, max_length: int) -> str:
    """Return a text of at most `longest` characters. Raises BadUserInput for `field`."""
    if len(text) > max_length:
        raise BadUserInput.of(field, f"Write at most {max_length:,} characters: these are {len(text):,}.")
    if "\x00" in text or not _is_whole(text):
        raise BadUserInput.of(field, "Remove the NUL characters and lone surrogates from the text.")
    return text


def checked_email(email: str, field: str) -> str:
    """Return an e-mail address in lower case. Raises BadUserInput for `field`."""
    email = email.strip().lower()
    if not EMAIL.fullmatch(email):
        raise BadUserInput.of(field, "This is not an e-mail address. Write it as name@example.com.")
    return checked_text(email, field, 320)


def _is_whole(text: str) -> bool:
    """Return True if the text has no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
