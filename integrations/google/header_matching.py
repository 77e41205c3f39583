"""Columns of a table found in the header of a sheet that people may have changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.google.failures import SheetsFailure
from integrations.google.remote_sheet import Content, Formula
from integrations.google.sheet_table import SheetTable

MAX_LISTED = 30


@dataclass(frozen=True)
class ColumnPlaces:
    """Index in the sheet of each column of the table.

    The headers of the columns at `added`, which are new in the sheet, and at `renamed` have to be written.
    """

    indices: Sequence[int]
    added: frozenset[int] = frozenset()
    renamed: frozenset[int] = frozenset()

    @property
    def width(self) -> int:
        return max(self.indices, default=-1) + 1


def place_columns(sheet: str, header: Sequence[Content], table: SheetTable, base: SheetTable | None) -> ColumnPlaces:
    """Find every column of the table by its header, wherever people moved it.

    A column that was renamed in the table since the last export (`base`) is found by its old header, and a new one
    comes behind the last. Raise SheetsFailure for headers that are missing or there twice.
    """
    texts = [_text(content) for content in header]
    if not any(texts):
        return ColumnPlaces(range(len(table.columns)), added=frozenset(range(len(table.columns))))
    former = {one.column.key: one.header for one in base.columns} if base else None
    indices: list[int] = []
    added, renamed, missing, end = set[int](), set[int](), list[str](), len(texts)
    for position, one in enumerate(table.columns):
        index = _find(sheet, texts, one.header)
        if index is None and former is not None:
            old = former.get(one.column.key)
            index = None if old is None else _find(sheet, texts, old)
            if index is not None:
                renamed.add(position)
            elif old is None:
                added.add(position)
                index, end = end, end + 1
        if index is None:
            missing.append(one.header)
        else:
            indices.append(index)
    if missing:
        raise _missing(sheet, missing, texts)
    return ColumnPlaces(indices, frozenset(added), frozenset(renamed))


def _find(sheet: str, texts: Sequence[str], header: str) -> int | None:
    indices = [index for index, text in enumerate(texts) if text == header.strip()]
    if len(indices) > 1:
        raise SheetsFailure(
            "AMBIGUOUS_HEADER",
            f"The sheet “{sheet}” has {len(indices)} columns with the header “{header}”. Rename all but one of them in "
            "the spreadsheet.",
        )
    return indices[0] if indices else None


def _missing(sheet: str, missing: Sequence[str], texts: Sequence[str]) -> SheetsFailure:
    names = ", ".join(f"“{header}”" for header in missing[:MAX_LISTED])
    there = ", ".join(f"“{text}”" for text in [text for text in texts if text][:MAX_LISTED])
    return SheetsFailure(
        "MISSING_HEADER",
        f"The first row of the sheet “{sheet}” has no header {names}; it has {there}. Rename the columns back in the "
        "spreadsheet, add those that are missing, or export with mode REPLACE.",
    )


def _text(content: Content) -> str:
    if content is None or isinstance(content, Formula):
        return ""
    return f"{content:.15g}" if isinstance(content, float) else str(content).strip()


def no_header(sheet: str) -> SheetsFailure:
    return SheetsFailure(
        "MISSING_HEADER",
        f"The first row of the sheet “{sheet}” has no headers, but there are values below it. Write the headers into "
        "the first row, or choose another sheetName.",
    )
