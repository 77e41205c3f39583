"""Detection of signs in a growing reply that it may have new rows."""

import re

# Two lines without a blank one between them, an item of a list, JSON, a bar or markup: without these no reader finds a
# table.
_SIGN = re.compile(
    r"[\[{|<]|\S[^\S\n]*\n[^\S\n]*+\S|^[ \t>]*(?:[-*•–‣◦▪][ \t]|\d{1,4}[.)][ \t]|[☐☑☒✅✔✓✗✘❌])", re.MULTILINE
)


class GrowingText:
    """Text that is still growing, and the position up to which it was examined."""

    def __init__(self) -> None:
        self._seen = 0

    def may_have_rows(self, text: str) -> bool:
        """Return whether lines or JSON that ended since the last call may belong to a table.

        Prose costs next to nothing.
        """
        if not any(mark in text[self._seen :] for mark in "\n]}"):
            return False
        # A table that goes on began in the last paragraph that was seen, or before a list's blank line.
        start = text.rfind("\n\n", 0, len(text[: self._seen].rstrip())) + 1
        self._seen = len(text)
        return _SIGN.search(text, start) is not None
