"""Reading of the rows of a table by a model, piece by piece; a cut answer is continued."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from assistant.prompt.tokens import added, counted
from assistant.reading import structured_call
from assistant.reading.cell_correction import DoubtfulCells, value_of
from assistant.reading.extraction import ProposedCell, ProposedTable
from assistant.reading.grounding import Place, find_row
from assistant.reading.json_stream import JsonItemParser
from assistant.reading.passages import Passages, Piece
from assistant.reading.row_merging import merged
from assistant.reading.structured_call import NO_GUIDANCE, Guidance, QuotedValue, Row, row_of
from db.models.usage import Tokens
from integrations.llm.chat_completions import ChatModel, Finished, ModelFailure, Turn
from tables.types.types import Column

PIECES_AT_ONCE = 4
CALLS_OF_PIECE = 20  # the first, and those that go on with a cut answer
IDLE_CALLS = 2  # in a row that bring nothing new
SECONDS = 300.0

USED_UP = "The model gave up before all was read: name fewer messages, or another model."
LATE = f"After {SECONDS:.0f} seconds not all was read: name fewer messages, or another model."
ENDLESS = "The model came to no end, so rows may be missing: name fewer messages, or another model."
GARBLED = "Some of what the model gave were no rows, so some may be missing: try again, or name another model."

NO_TOKENS = Tokens()
WHOLE = "stop"  # why a model ends that has said all

Cells = tuple[ProposedCell | None, ...]


class Unstructured(Exception):
    """Raised when the model answered with something else than rows."""


@dataclass
class _PieceRows:
    """Rows read in a piece: as the model gave them, and with their locations."""

    answered: list[Row] = field(default_factory=list)
    answered_keys: set[frozenset[tuple[str, QuotedValue]]] = field(default_factory=set)
    rows: list[Cells] = field(default_factory=list)
    end: int = 0


@dataclass
class _Call:
    """One answer: the complete part of it, and the reason why it ended."""

    reason: str = ""
    gained: int = 0
    has_begun: bool = False
    is_whole: bool = False
    failure: ModelFailure | None = None


class RowReader:
    """Reader of a table; `table` returns the rows so far.

    `tokens` are those of all its calls, on top of those `spent` before; when there are as many as `most`, no other call
    is made. A call writes at most `max_tokens`. `problem` says why not everything was read, if so.
    """

    def __init__(
        self,
        model: ChatModel,
        name: str | None,
        columns: Sequence[Column],
        passages: Passages,
        keys: Sequence[str] = (),
        *,
        most: Tokens | None = None,
        max_tokens: int | None = None,
        spent: Tokens = NO_TOKENS,
        guidance: Guidance = NO_GUIDANCE,
        passes: int = 1,
        images: Sequence[str] = (),
    ) -> None:
        self._model, self._name, self._columns, self._passages = model, name, tuple(columns), passages
        unique = [column.key for column in columns if column.is_unique][:1]
        self._keys = [n for n, column in enumerate(columns) if column.key in (keys or unique)]
        self._pieces = passages.pieces()
        self._read = [_PieceRows() for _ in self._pieces]
        self.tokens, self._most, self._max_tokens = spent, most, max_tokens
        self._guidance, self._passes, self._images = guidance, passes, images
        self.problem: str | None = None
        self._failure: ModelFailure | None = None
        self._is_unstructured = False

    @property
    def count(self) -> int:
        """Return the number of rows read so far."""
        return sum(len(read.rows) for read in self._read)

    def table(self, name: str) -> ProposedTable:
        pieces = [read.rows for read in self._read]
        return ProposedTable(name, self._columns, tuple(merged(self._columns, pieces, self._keys)))

    async def run(self) -> None:
        """Read everything. Raises Unstructured, or ModelFailure when nothing was read at all."""
        at_once = asyncio.Semaphore(PIECES_AT_ONCE)

        async def read(number: int) -> None:
            async with at_once:
                await self._read_piece(self._pieces[number], self._read[number])

        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS) as deadline, asyncio.TaskGroup() as group:
                for number in range(len(self._pieces)):
                    group.create_task(read(number))
        if deadline.expired():
            self._miss(LATE)
        if not self.count and self._failure:
            raise self._failure
        if not self.count and self._is_unstructured:
            raise Unstructured

    def _miss(self, why: str) -> None:
        """Note a reason why something was not read; the first reason is kept."""
        self.problem = self.problem or why

    def _fail(self, failure: ModelFailure) -> None:
        self._failure = failure
        self._miss(failure.message)

    async def _read_piece(self, piece: Piece, read: _PieceRows) -> None:
        idle = 0
        for _ in range(CALLS_OF_PIECE):
            if self._is_spent():
                self._miss(USED_UP)
                break
            call = await self._call(piece, read)
            if call.is_whole or self._is_no_answer(call, read):
                break
            if call.failure and not (call.failure.retryable and call.gained):
                self._fail(call.failure)
                return
            idle = 0 if call.gained else idle + 1
            if idle == IDLE_CALLS:
                self._miss(ENDLESS)
                break
        else:
            self._miss(ENDLESS)
        for _ in range(1, self._passes):
            if read.answered and not self._is_spent():
                await self._call(piece, read, structured_call.MISSED_ROWS_TASK)
        await self._correct(piece, read)

    def _is_spent(self) -> bool:
        return self._most is not None and self.tokens.total >= self._most.total

    def _is_no_answer(self, call: _Call, read: _PieceRows) -> bool:
        """Return True if the first answer of a piece is something else than rows."""
        is_other = not read.answered and call.reason == WHOLE and not call.has_begun
        if is_other:
            self._is_unstructured = True
            self._miss(GARBLED)
        return is_other

    async def _call(self, piece: Piece, read: _PieceRows, following: str = structured_call.CONTINUE_TASK) -> _Call:
        """Ask for the rows, or by `following` for those beside the rows that were read, and take them as they come."""
        images = self._images if not piece.start else ()
        turns = [
            Turn("system", structured_call.instructions(self._columns, self._guidance)),
            Turn("user", piece.text, images),
        ]
        if read.answered:
            turns += [Turn("assistant", structured_call.rows_as_json(read.answered)), Turn("user", following)]
        answer, call = JsonItemParser(), _Call()
        try:
            async for text in self._answered(call, turns, structured_call.rows_schema(self._columns)):
                call.gained += self._take(piece, read, answer.feed(text))
        except ModelFailure as failure:
            call.failure = failure
        call.has_begun, call.is_whole = answer.has_begun, answer.is_whole
        if answer.broken:
            self._miss(GARBLED)
        return call

    async def _answered(
        self, call: _Call, turns: Sequence[Turn], schema: structured_call.JSON
    ) -> AsyncGenerator[str, None]:
        """Yield the parts of an answer; counts its tokens, also when it breaks off."""
        text, finished = "", Finished("", None, None)
        try:
            answer = self._model.stream(
                turns, model=self._name, temperature=0, max_tokens=self._max_tokens, schema=schema
            )
            async with aclosing(answer) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        finished = event
                        call.reason = event.reason
                    else:
                        text += event.text
                        yield event.text
        finally:
            self.tokens = added(self.tokens, counted(turns, text, finished))

    def _take(self, piece: Piece, read: _PieceRows, items: Iterable[Any]) -> int:
        """Add rows with their places and return how many of them are new."""
        count = 0
        for item in items:
            row = row_of(item, self._columns)
            if not row:
                continue
            places = find_row(piece.text, {key: quoted.quote for key, quoted in row.items()}, read.end)
            begin = max((location.start for location in places.values() if location.grounding == "EXACT"), default=0)
            known = frozenset(row.items())
            # A row that is given again stands further on in the text, or it is the same one.
            if known in read.answered_keys and (begin < read.end or not begin):
                continue
            read.answered.append(row)
            read.answered_keys.add(known)
            read.rows.append(tuple(self._cell(piece, column, row, places) for column in self._columns))
            read.end = max([read.end, *(location.end for location in places.values() if location.grounding == "EXACT")])
            count += 1
        return count

    def _cell(self, piece: Piece, column: Column, row: Row, places: Mapping[str, Place]) -> ProposedCell | None:
        quoted = row.get(column.key)
        if quoted is None:
            return None
        return self._passages.cell(piece, column, value_of(column, quoted.value), quoted.quote, places[column.key])

    async def _correct(self, piece: Piece, read: _PieceRows) -> None:
        """Ask once more for the cells that do not fit, and for nothing else."""
        doubtful = DoubtfulCells(self._columns, read.rows)
        if not doubtful.cells or self._is_spent():
            return
        answer = JsonItemParser("cells")
        try:
            async for text in self._answered(_Call(), doubtful.turns(piece.text), structured_call.corrections_schema()):
                for item in answer.feed(text):
                    if corrected := doubtful.corrected(item):
                        self._put(piece, read, *corrected)
        except ModelFailure as failure:
            self._fail(failure)

    def _put(self, piece: Piece, read: _PieceRows, row: int, index: int, quoted: QuotedValue) -> None:
        location = find_row(piece.text, {"": quoted.quote})[""]
        cells, column = list(read.rows[row]), self._columns[index]
        cells[index] = self._passages.cell(piece, column, value_of(column, quoted.value), quoted.quote, location)
        read.rows[row] = tuple(cells)
