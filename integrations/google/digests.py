"""Contents of a sheet as digests of its cells: 8 bytes a cell, to compare what stands there with what should."""

from array import array
from collections.abc import Iterable, Sequence

from integrations.google.cell_writer import LARGEST_EXACT
from integrations.google.remote_sheet import Content, Formula

EMPTY, FORMULA_DIGEST, FALSE, TRUE = 0, 1, 2, 3


def digest(content: Content) -> int:
    """Return a number that is the same in this process for contents that Google shows alike."""
    if content is None or content == "":
        return EMPTY
    if isinstance(content, Formula):
        return FORMULA_DIGEST
    if isinstance(content, bool):
        return TRUE if content else FALSE
    if isinstance(content, str) or abs(content) > LARGEST_EXACT:
        return hash("s" + str(content).replace("\r\n", "\n").replace("\r", "\n"))
    # 15 digits: what a JSON number of Google is sure to keep.
    return hash(f"n{content + 0.0:.15g}")


class Digests:
    """Digests of rows of one width."""

    def __init__(self, width: int) -> None:
        self.width, self.height = width, 0
        self._cells = array("q")

    def append(self, contents: Sequence[Content], index: int | None = None) -> None:
        """Add a row, which is cut or filled to the width; rows left out before `index` are empty."""
        if index is not None and index > self.height:
            self._cells.extend([EMPTY] * self.width * (index - self.height))
            self.height = index
        row = [digest(content) for content in contents[: self.width]]
        self._cells.extend(row + [EMPTY] * (self.width - len(row)))
        self.height += 1

    def row(self, index: int) -> Sequence[int]:
        """Return the digests of a row; those behind the last one are empty."""
        if index >= self.height:
            return [EMPTY] * self.width
        return self._cells[index * self.width : (index + 1) * self.width]


def digests_of(rows: Iterable[Sequence[Content]], width: int) -> Digests:
    """Return the digests of rows one below the other."""
    digests = Digests(width)
    for row in rows:
        digests.append(row)
    return digests


def digests_of_sheet(rows: Iterable[tuple[int, Sequence[Content]]], width: int) -> Digests:
    """Return the digests of rows that come with their index."""
    digests = Digests(width)
    for index, row in rows:
        digests.append(row, index)
    return digests
