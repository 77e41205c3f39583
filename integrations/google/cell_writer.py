"""Writer of cells: rows of cells become `updateCells` requests, as many in a batch as Google accepts.

The JSON is built from texts, because the size of a batch has to be known before the next row is added, and encoding
every cell twice would cost more than sending it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from json.encoder import encode_basestring

from integrations.google.sheet_table import too_large
from tables.writers.sheet_cells import Cell

# Google accepts 2 MB in a request; some of it is the envelope.
MAX_BYTES = 1_900_000
MAX_CELLS_OF_BATCH = 50_000
MAX_LINK = 2_000  # characters
LARGEST_EXACT = 2**53 - 1
VALUE, VALUE_AND_LINK = "userEnteredValue", "userEnteredValue,userEnteredFormat.textFormat.link"

Send = Callable[[bytes], None]
LinkOf = Callable[[int, Cell], str | None]


def cell_json(cell: Cell, link: str | None = None) -> str:
    """Return Google's CellData of a cell; text is text, also `=1+1`."""
    if cell is None or cell == "":
        return "{}"
    if isinstance(cell, bool):
        return '{"userEnteredValue":{"boolValue":true}}' if cell else '{"userEnteredValue":{"boolValue":false}}'
    if isinstance(cell, str) or abs(cell) > LARGEST_EXACT:
        text = f'{{"userEnteredValue":{{"stringValue":{encode_basestring(str(cell))}}}'
        if link is None or len(link) > MAX_LINK:
            return text + "}"
        return f'{text},"userEnteredFormat":{{"textFormat":{{"link":{{"uri":{encode_basestring(link)}}}}}}}}}'
    return f'{{"userEnteredValue":{{"numberValue":{cell!r}}}}}'


class _Block:
    """Rectangle of cells: rows of one width, one below the other."""

    def __init__(self, row: int, column: int, width: int) -> None:
        self.row, self.column, self.width = row, column, width
        self.rows: list[str] = []

    def continues(self, row: int, column: int, width: int) -> bool:
        return (row, column, width) == (self.row + len(self.rows), self.column, self.width)

    def request(self, sheet_id: int, fields: str) -> str:
        start = f'"sheetId":{sheet_id},"rowIndex":{self.row},"columnIndex":{self.column}'
        return f'{{"updateCells":{{"start":{{{start}}},"fields":"{fields}","rows":[{",".join(self.rows)}]}}}}'


class CellWriter:
    """Collector of cells of one sheet, which calls `send` with the body of each batch.

    `link_of` returns the link of a cell by its column. `first` are requests of the first batch that come before its
    cells. Call `flush` after the last cell.
    """

    def __init__(self, sheet_id: int, send: Send, link_of: LinkOf | None = None, first: Sequence[str] = ()) -> None:
        self._sheet_id, self._send, self._link_of = sheet_id, send, link_of
        self._fields = VALUE if link_of is None else VALUE_AND_LINK
        self._first = list(first)
        self._blocks: list[_Block] = []
        self._bytes = self._cells = 0
        self.written = 0

    def add(self, row: int, column: int, cells: Sequence[Cell], *, is_header: bool = False) -> None:
        """Add cells side by side; send the batch first when they do not fit into it. A header has no links."""
        text = self._row_json(column, cells, None if is_header else self._link_of)
        size = len(text.encode("utf-8", "replace")) + 1
        if size > MAX_BYTES:
            raise too_large(f"a row of {size:,} bytes (row {row + 1} of the sheet)")
        if self._cells and (self._bytes + size > MAX_BYTES or self._cells + len(cells) > MAX_CELLS_OF_BATCH):
            self.flush()
        if not (self._blocks and self._blocks[-1].continues(row, column, len(cells))):
            self._blocks.append(_Block(row, column, len(cells)))
            self._bytes += 200  # the envelope of a block
        self._blocks[-1].rows.append(text)
        self._bytes += size
        self._cells += len(cells)

    def _row_json(self, column: int, cells: Sequence[Cell], links: LinkOf | None) -> str:
        if links is None:
            values = ",".join([cell_json(cell) for cell in cells])
        else:
            values = ",".join([cell_json(cell, links(index, cell)) for index, cell in enumerate(cells, column)])
        return f'{{"values":[{values}]}}'

    def flush(self) -> None:
        """Send the collected cells, if any, as one atomic batch."""
        requests = [*self._first, *(block.request(self._sheet_id, self._fields) for block in self._blocks)]
        if requests:
            # Lone surrogates cannot be sent.
            self._send(f'{{"requests":[{",".join(requests)}]}}'.encode("utf-8", "replace"))
        self.written += self._cells
        self._first, self._blocks, self._bytes, self._cells = [], [], 0, 0


def runs(cells: Iterable[tuple[int, Cell]]) -> Iterator[tuple[int, list[Cell]]]:
    """Yield cells, given with ascending column indexes, as pieces of neighbours, each with its first index."""
    start, run = 0, list[Cell]()
    for index, cell in cells:
        if run and index != start + len(run):
            yield start, run
            run = []
        if not run:
            start = index
        run.append(cell)
    if run:
        yield start, run
