"""Validation of texts from users before they are stored."""

import re

from errors import BadUserInput

MAX_EMAIL = 254  # characters, of RFC 5321
# Shape of the addresses that accounts may have; new ones are checked more strictly.
EMAIL = re.compile(r"[^@\s\x00]{1,64}@[^@\s\x00]{1,190}\.[^@\s\x00.]{2,63}")


def checked_line(text: str, field: str, max_length: int) -> str:
    """Return a line of 1 to `max_length` characters with single spaces. Raises BadUserInput for `field`."""
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
    """Return an e-mail address in its normal form, in lower case. Raises BadUserInput for `field`."""
    from email_validator import EmailNotValidError, validate_email  # imported late: it takes 70 ms

    email = email.strip()
    try:
        if len(email) > MAX_EMAIL:
            raise EmailNotValidError(f"It is longer than {MAX_EMAIL} characters.")
        # Addresses below .test are for tests. The name is not looked up: that would ask a server that others choose.
        parts = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        advice = f"This is not a valid e-mail address. {error} Write it as name@example.com."
        raise BadUserInput.of(field, advice) from None
    return parts.normalized.lower()


def normalized_email(email: str) -> str:
    """Return the form in which an address is stored; an invalid one, which no new account has, in lower case."""
    try:
        return checked_email(email, "email")
    except BadUserInput:
        return email.strip().lower()


def _is_whole(text: str) -> bool:
    """Return True if the text has no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
