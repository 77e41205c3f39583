"""Captions, and the length of prose."""

import re

CAPTION = re.compile(
    r"(?:table|tab\.|figure|fig\.|tabelle|abbildung|tableau|tabla|tabela|tabella|exhibit|appendix|chart|source|note|notes|quelle)\b"
    r"(?:\s*\d|\s*[:.]|\s+[A-Z0-9])", re.IGNORECASE)  # fmt: skip


PROSE_WORDS = 5  # words of a segment
