"""The text of a PDF, page by page."""

import logging
from typing import IO

from integrations.documents.failures import DocumentRefused

MAX_PAGES = 500
MAX_TEXT = 1_000_000


def text_of(file: IO[bytes]) -> str:
    """The pages' texts with a blank line between; empty for pages that are images. Raises DocumentRefused."""
    from pypdf import PdfReader

    logging.disable()  # it tells of every flaw that it gets over
    reader = PdfReader(file)
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentRefused("The PDF is encrypted: send one that opens without a password.")
    if len(reader.pages) > MAX_PAGES:
        raise DocumentRefused(f"The PDF has {len(reader.pages):,} pages: send at most {MAX_PAGES} at once.")
    texts: list[str] = []
    for page in reader.pages:
        texts.append(page.extract_text().strip())
        if sum(map(len, texts)) > MAX_TEXT:
            break
    return "\n\n".join(filter(None, texts))[:MAX_TEXT]
