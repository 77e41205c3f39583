"""The rows of a table below its header, up to where it ends."""

from collections.abc import Iterator, Sequence

from tables.files.cell_kinds import Texts, bounds, cell_of, count_filled
from tables.files.header_rows import find_header, fits
from tables.files.row_source import AHEAD, Region, RowSource, end_of_block, line_text


class Body:
    """The rows of one table, up to where it ends; `region` learns what was below it."""

    def __init__(self, source: RowSource, region: Region, *, is_only: bool = False) -> None:
        self._source, self._region, self._is_only = source, region, is_only
        self._names = [name and name.casefold() for name in region.names]
        self._longest = [0] * (region.right - region.left)  # characters of the longest text of each column

    def rows(self) -> Iterator[Texts]:
        """Yield each row's cells of the table's columns; leave the lines below the table unread."""
        source, region = self._source, self._region
        while row := source.peek(1):
            cells = region.cells(row[0])
            count = count_filled(cells)
            if not count:
                if not self._goes_on():
                    return
                self._skip_empty()
            elif count == 1 and region.right - region.left > 1 and self._is_end(row[0]):
                return
            else:
                source.take()
                if count > 1 and region.has_header and self._is_header_again(cells):
                    region.repeated += 1
                else:
                    self._measure(cells)
                    yield cells

    def _is_header_again(self, cells: Texts) -> bool:
        if self._region.header.depth != 1 or not cells or (cells[0] or "").strip().casefold() != (self._names[0] or ""):
            return False
        texts = [text and " ".join(text.split()).casefold() for n in range(len(cells)) for text in [cell_of(cells, n)]]
        return texts == self._names[: len(texts)] and not any(self._names[len(texts) :])

    def _skip_empty(self) -> None:
        """Take the empty rows at once: a look ahead for each of them would make many rows quadratic."""
        while (row := self._source.peek(1)) and not count_filled(self._region.cells(row[0])):
            self._source.take()

    def _ahead(self) -> list[list[str | None]]:
        """Return the rows below the empty ones, up to the next empty one."""
        size = AHEAD
        while True:
            rows = [self._region.cells(row) for row in self._source.peek(size)]
            first = next((n for n, row in enumerate(rows) if count_filled(row)), None)
            if (first is not None and len(rows) - first >= AHEAD) or len(rows) < size:
                break
            size *= 2
        return [] if first is None else rows[first : end_of_block(rows, first)]

    def _goes_on(self) -> bool:
        """Return whether the rows below an empty one are rows of this table."""
        if self._is_only:
            return True
        block = self._ahead()
        if not block:
            return True  # nothing but empty rows is left
        if self._is_header_again(block[0]):
            return True
        width = self._region.right - self._region.left
        header = find_header(block, 0, len(block))
        if header and all(count_filled(row) == 1 for row in block[: header.first]):
            return False
        if width == 1:
            return True
        wide = [row for row in block if count_filled(row) > 1]
        if not wide:
            return fits(block[0], self._region.kinds) and any(self._region.kinds) and len(block[0]) > 1
        good = sum(fits(row, self._region.kinds) for row in wide)
        return 2 * good > len(wide) and not _is_narrower(wide, self._region)

    def _is_end(self, row: Texts) -> bool:
        """Return whether a row with one cell is a note below the table, or a title of the next."""
        cells = self._region.cells(row)
        if self._is_only or (fits(cells, self._region.kinds) and any(self._region.kinds)):
            return False
        rows = [self._region.cells(each) for each in self._source.peek(AHEAD)]
        end = end_of_block(rows, 0)
        header = find_header(rows, 1, end) if end > 2 else None
        if header and header.first == 1 and header.score >= 1:
            return not self._is_header_again(rows[1])
        if any(count_filled(each) > 1 for each in rows[1:end]) or (end == len(rows) == AHEAD):
            return False
        if all(self._is_like_values(each) for each in rows[:end]):
            return False
        is_ragged = len([cell for cell in row if cell is not None]) == len(row) == 1
        text = line_text(row)
        return is_ragged or self._region.right - self._region.left > 2 or text.count(" ") > 2

    def _measure(self, cells: Texts) -> None:
        for index, cell in enumerate(cells[: len(self._longest)]):
            self._longest[index] = max(self._longest[index], len(cell or ""))

    def _is_like_values(self, cells: Texts) -> bool:
        """Return whether the only text of a row may be a value of its column: as short, and no sentence or label.

        A table that ends with a row of which only the name is filled in lost that row.
        """
        index, text = next((n, cell.strip()) for n, cell in enumerate(cells) if cell and cell.strip())
        return len(text) <= self._longest[index] and text[-1].isalnum() and ": " not in text


def _is_narrower(rows: Sequence[Texts], region: Region) -> bool:
    """Return whether rows of texts alone have another width than the table of texts above them."""
    if any(region.kinds):
        return False
    return max(bounds(row)[1] for row in rows) * 2 <= region.right - region.left
