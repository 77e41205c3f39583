"""Correction of doubtful cells: a model is asked once more for each, with the reason."""

from collections.abc import Sequence
from typing import Any

from assistant.reading import structured_call
from assistant.reading.extraction import ProposedCell
from assistant.reading.structured_call import QuotedValue, quoted_value
from integrations.llm.chat_completions import Turn
from tables.types.types import CellError, Column, Value, from_json, validate

MAX_CELLS = 100  # that are asked for again in a piece of text


class DoubtfulCells:
    """The first doubtful cells of a piece; `cells` are their row and column indexes with the reason."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[ProposedCell | None]]) -> None:
        self._columns = columns
        doubtful = [
            (row, index, cell, reason)
            for row, cells in enumerate(rows)
            for index, cell in enumerate(cells)
            if cell and (reason := misfit(columns[index], cell.value) or mismatch(cell))
        ]
        self.cells = doubtful[:MAX_CELLS]

    def turns(self, text: str) -> list[Turn]:
        """Return the turns that ask a model about a text."""
        questions = [
            f"{number}: {self._columns[index].name}: {cell.value!r}, read from {cell.quote!r}: {reason}"
            for number, (_, index, cell, reason) in enumerate(self.cells)
        ]
        return [
            Turn("system", structured_call.instructions(self._columns)),
            Turn("user", "\n".join([text, "", structured_call.CORRECT_CELLS_TASK, *questions])),
        ]

    def corrected(self, item: Any) -> tuple[int, int, QuotedValue] | None:
        """Return row, column and the corrected cell, if the answer is about one of the cells and fits."""
        number, quoted = (item.get("id"), quoted_value(item)) if isinstance(item, dict) else (None, None)
        if not isinstance(number, int) or not 0 <= number < len(self.cells) or quoted is None:
            return None
        row, index, _, _ = self.cells[number]
        fits = misfit(self._columns[index], value_of(self._columns[index], quoted.value)) is None
        return (row, index, quoted) if fits else None


def mismatch(cell: ProposedCell) -> str | None:
    """Return why a quote that is in the text is not the source of its value; None when it is."""
    return f"the quote {cell.quote!r} does not say this value." if cell.grounding == "MISMATCH" else None


def value_of(column: Column, text: str) -> Value:
    """Return the canonical value, or the given text where it does not fit."""
    try:
        value = from_json(column, text)
    except CellError:
        return text
    return text if value is None else value


def misfit(column: Column, value: Value) -> str | None:
    """Return the reason why a value does not fit its column, or None."""
    try:
        validate(column, from_json(column, value))
    except CellError as error:
        return str(error)
    return None
