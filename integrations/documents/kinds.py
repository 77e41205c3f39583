"""Kinds of files, detected from the content: neither the name nor the declared content type counts."""

import json
import re
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

from integrations.documents import images
from integrations.documents.decoding import decode, decoded_whole
from integrations.documents.failures import DocumentRefused
from integrations.documents.opendocument import is_opendocument

HEAD = 4_096  # bytes
MAX_UNPACKED = 200_000_000  # bytes of a workbook's parts together
MAX_PARTS = 2_000
MAX_RATIO, PLAIN_SIZE = 150, 20_000_000  # a sheet of 100,000 equal rows unpacks to 10 times its size


class Kind(StrEnum):
    """The kinds of file that are taken; each value is the content type."""

    TEXT = "text/plain"
    MARKDOWN = "text/markdown"
    CSV = "text/csv"
    JSON = "application/json"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    WEBP = "image/webp"
    GIF = "image/gif"

    @property
    def is_image(self) -> bool:
        return self in IMAGES


IMAGES = frozenset({Kind.PNG, Kind.JPEG, Kind.WEBP, Kind.GIF})
TAKEN = "Send text, Markdown, CSV, JSON, HTML, XLSX, ODS, PDF, or an image (PNG, JPEG, WebP, GIF)."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLD_OR_LOCKED = "The file is an old Office document, or one with a password: save it as XLSX without a password."
# Office 365 names the part workbook2.xml, and other programs put it elsewhere.
_WORKBOOK = re.compile(r"content\.xml|(?:\w+/)?workbook\d*\.xml")
_ARCHIVES = {
    "word/": "The file is a Word document: save it as PDF, or copy its tables into a message.",
    "ppt/": "The file is a presentation: save it as PDF, or copy its tables into a message.",
    "xl/workbook.bin": "The file is a binary Excel workbook (XLSB): save it as XLSX, then send it.",
    "Index/": "The file is a document of Numbers or Pages: export it as XLSX or PDF, then send that.",
}
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c", b"Rar!")
# A text is whatever its reader takes it for, so here, and only here, the name decides.
_TEXTS = {"md": Kind.MARKDOWN, "markdown": Kind.MARKDOWN, "csv": Kind.CSV, "tsv": Kind.CSV}


@dataclass(frozen=True)
class Recognised:
    """A kind, and for texts what they say."""

    kind: Kind
    text: str | None = None


def recognise(file: IO[bytes], name: str) -> Recognised:
    """Return the kind of a file. Blocking. Raises DocumentRefused for a damaged file or an unsupported kind."""
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        raise DocumentRefused("The file is empty. Send a file with content.")
    if kind := images.kind_of(head):
        images.check(kind, file)
        return Recognised(Kind(kind))
    if is_pdf(head):
        return Recognised(Kind.PDF)
    if head.startswith((b"PK\x03\x04", OLE)):
        check_workbook(file)
        return Recognised(Kind.ODS if is_opendocument(file) else Kind.XLSX)
    if decode(head) is None:
        raise DocumentRefused(f"{_guess(head)} {TAKEN}")
    text = decoded_whole(file)
    return Recognised(_kind_of_text(text, name), text)


def is_pdf(head: bytes) -> bool:
    """Return whether a file is a PDF by its first 1,024 bytes; some programs write a line before its signature."""
    return b"%PDF-" in head[:1_024]


def refuse_other_kinds(head: bytes) -> None:
    """Raise DocumentRefused for the beginning of a file that has no rows for a table in it."""
    if not head:
        raise DocumentRefused("The file is empty. Send a file with content.")
    if images.kind_of(head):
        raise DocumentRefused(
            "Import CSV, TSV, XLSX, ODS, PDF, JSON, HTML or a Markdown table; send images with a message."
        )
    if head.startswith(OLE):
        raise DocumentRefused(OLD_OR_LOCKED)
    if head.startswith(COMPRESSED):
        raise DocumentRefused("The file is compressed: unpack it, and send the file that is in it.")


def check_workbook(file: IO[bytes]) -> None:
    """Raise DocumentRefused for a ZIP that is no workbook, or that says it unpacks to too much."""
    file.seek(0)
    if file.read(len(OLE)) == OLE:
        raise DocumentRefused(OLD_OR_LOCKED)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        raise DocumentRefused("The file is a damaged ZIP or workbook: save it again, then send it.") from None
    if not any(_WORKBOOK.fullmatch(part.filename) for part in parts):
        raise DocumentRefused(_other_archive([part.filename for part in parts]))
    if not any("workbook" in part.filename for part in parts) and not is_opendocument(file):
        raise DocumentRefused("The file is an OpenDocument text or drawing: save it as PDF, then send it.")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise DocumentRefused("The workbook unpacks to more than 200 MB: send the sheet that matters, or CSV.")
    for part in parts:
        if part.file_size > PLAIN_SIZE and part.file_size > MAX_RATIO * part.compress_size:
            raise DocumentRefused(
                f"The workbook unpacks to more than {MAX_RATIO} times its size, which no real one does: send another."
            )


def _other_archive(names: list[str]) -> str:
    """Return what a ZIP that is no workbook is, and what to do with it."""
    for prefix, advice in _ARCHIVES.items():
        if any(name.startswith(prefix) for name in names):
            return advice
    return f"The file is a ZIP and no XLSX or ODS workbook: unpack it, and send a file that is in it. {TAKEN}"


def _kind_of_text(text: str, name: str) -> Kind:
    if text.lstrip()[:1] in {"[", "{"} and _is_json(text):
        return Kind.JSON
    return _TEXTS.get(name.rpartition(".")[2].lower(), Kind.TEXT)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _guess(head: bytes) -> str:
    """Return the guess of a library of signatures, for the message only."""
    import puremagic

    try:
        extension = puremagic.from_string(head).lstrip(".")
    except (puremagic.PureError, ValueError):
        extension = ""
    return f"The file looks like {extension.upper()}, which is not read." if extension else "The file is no text."
