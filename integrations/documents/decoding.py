"""Text files in whatever encoding they are: which one, and what they say."""

import codecs
import re
import unicodedata
from dataclasses import dataclass, field
from typing import IO

from integrations.documents.code_pages import guess
from integrations.documents.failures import DocumentRefused

SAMPLE = 100_000  # bytes by which an encoding is told
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CUT = "The file ends in the middle of a character, so it was cut off: send the whole file."
UNKNOWN = "The encoding of the text cannot be told: save it as UTF-8, then send it."

_LOOKED_AT = 2_000  # characters
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True)
class Encoding:
    """`name` as Python has it; `has_mark` when the file begins with a byte order mark."""

    name: str
    has_mark: bool = False
    is_guess: bool = field(default=False, compare=False)


def decode(head: bytes) -> str | None:
    """Return the beginning of a text; None when the bytes are none."""
    if (encoding := _encoding(head)) is None:
        return None
    text = codecs.getincrementaldecoder(encoding.name)("replace").decode(head)
    return None if _BINARY.search(text) else text


def detect(file: IO[bytes]) -> Encoding:
    """Return the encoding of a text file. Blocking. Raises DocumentRefused when it cannot be told."""
    file.seek(0)
    sample = file.read(SAMPLE)
    encoding = _encoding(sample)
    if encoding is None or (encoding.name == "utf-8" and not _is_utf8(file)):
        encoding = _legacy(sample)
    if encoding is None:
        raise DocumentRefused(UNKNOWN)
    return encoding


def decoded_whole(file: IO[bytes]) -> str:
    """Return the whole text of a file, without its byte order mark. Blocking. Raises DocumentRefused."""
    encoding = detect(file)
    file.seek(0)
    try:
        text = file.read().decode(encoding.name)
    except UnicodeDecodeError:
        raise DocumentRefused(UNKNOWN) from None
    if _BINARY.search(text):
        raise DocumentRefused("The file has characters in it that no text has: send a text, or another kind of file.")
    return text


def _encoding(sample: bytes) -> Encoding | None:
    for mark, name in MARKS:
        if sample.startswith(mark):
            return Encoding(name, has_mark=True)
    if wide := _wide(sample):
        return Encoding(wide)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return _legacy(sample)
    return Encoding("utf-8")


def _wide(sample: bytes) -> str | None:
    """UTF-16 without its mark: in most texts of most languages every other byte tells, and is often zero."""
    if len(sample) % 2:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    most, few = len(sample) // 4, len(sample) // 100
    if odd > most and even <= few:
        return "utf-16-le"
    if even > most and odd <= few:
        return "utf-16-be"
    return _wide_ideographs(sample) if even or odd else None


def _wide_ideographs(sample: bytes) -> str | None:
    """Return the order of bytes in which a text has line ends and assigned letters only, as in languages of Asia."""
    for name in ("utf-16-le", "utf-16-be"):
        text = sample.decode(name, "replace")
        if "\n" in text and not _BINARY.search(text) and not any(map(_is_no_letter, text[:_LOOKED_AT])):
            return name
    return None


def _is_no_letter(char: str) -> bool:
    return unicodedata.category(char) in {"Cn", "Co", "Cs", "Mc"} or char == "\ufffd"


def _legacy(sample: bytes) -> Encoding | None:
    page = None if b"\0" in sample else guess(sample)
    return Encoding(page.name, is_guess=True) if page else None


def _is_utf8(file: IO[bytes]) -> bool:
    """Return whether the rest of the file is UTF-8 as well."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while data := file.read(1_000_000):
            decoder.decode(data)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and not file.read(1) and _has_letters(file):
            raise DocumentRefused(CUT) from None
        return False
    return True


def _has_letters(file: IO[bytes]) -> bool:
    """Return whether a file has whole characters beyond ASCII in UTF-8, before one that is cut."""
    file.seek(0)
    return any(not char.isascii() for char in file.read(SAMPLE).decode("utf-8", "ignore"))
