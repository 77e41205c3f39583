"""The text of a PDF, with its tables as Markdown, and its tables alone."""

import logging
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from integrations.documents.failures import DocumentRefused
from integrations.documents.limits import PDF_SECONDS, allow_cpu

if TYPE_CHECKING:
    from integrations.documents.pdf_pages.page_tables import PageTable
    from integrations.documents.pdf_pages.page_text import Page

MAX_PAGES = 500
MAX_TEXT = 1_000_000
PAGES_AT_ONCE = 10


def text_of(file: IO[bytes]) -> str:
    """Return the pages' text; empty for pages that are images. Raises DocumentRefused."""
    from integrations.documents.pdf_pages.page_text import pages_text

    return pages_text(_read_pages(file))[:MAX_TEXT]


def tables_of(file: IO[bytes]) -> "list[tuple[int, PageTable]]":
    """Return each table with the number of the page on which it begins. Raises DocumentRefused."""
    from integrations.documents.pdf_pages.page_text import pages_tables

    return pages_tables(_read_pages(file))


def _read_pages(file: IO[bytes]) -> "list[Page]":
    from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage
    from pdfminer.pdfparser import PDFParser
    from pdfminer.pdftypes import resolve1

    from integrations.documents.pdf_pages.glyphs import PageDevice, read_page
    from integrations.documents.pdf_pages.page_text import read_content

    allow_cpu(PDF_SECONDS)
    logging.disable()  # it tells of every flaw that it gets over
    try:
        document = PDFDocument(PDFParser(cast("BinaryIO", file)))
    except PDFPasswordIncorrect:
        raise DocumentRefused("The PDF is encrypted: send one that opens without a password.") from None
    count = resolve1(resolve1(document.catalog.get("Pages")) or {}).get("Count")
    if isinstance(count, int) and count > MAX_PAGES:
        raise DocumentRefused(f"The PDF has {count:,} pages: send at most {MAX_PAGES} at once.")
    device = PageDevice(resources := PDFResourceManager())
    interpreter = PDFPageInterpreter(resources, device)
    pages: list[Page] = []
    length = 0
    for number, page in enumerate(PDFPage.create_pages(document)):
        if number >= MAX_PAGES:
            raise DocumentRefused(f"The PDF has more than {MAX_PAGES} pages: send at most {MAX_PAGES} at once.")
        if number and number % PAGES_AT_ONCE == 0:
            allow_cpu(PDF_SECONDS)
        if length <= MAX_TEXT:
            content = read_page(interpreter, device, page)
            length += len(content.glyphs)
            pages.append(read_content(content))
    return pages
