"""Changes of a sheet: the cells to write, and those among them that people changed since the last export."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from integrations.google.failures import SheetsFailure

MAX_NAMED = 20  # cells named in a conflict
Progress: TypeAlias = Callable[[int], None]


@dataclass(frozen=True)
class SheetChanges:
    """Result of an export into a sheet: number of changed cells, and the cells that people had changed before."""

    changed_cells: int
    conflict: str | None = None


@dataclass
class Conflicts:
    """Cells that people changed since the last export, named by their address and by their column."""

    sheet: str
    count: int = 0
    named: list[str] = field(default_factory=list)

    def add(self, row: int, column: int, header: str) -> None:
        from gspread.utils import rowcol_to_a1

        self._add(f"{rowcol_to_a1(row + 1, column + 1)} ({header})" if header else rowcol_to_a1(row + 1, column + 1))

    def add_missing_row(self, key: str) -> None:
        self._add(f"the row of {key}, which is no longer there")

    def _add(self, name: str) -> None:
        self.count += 1
        if len(self.named) < MAX_NAMED:
            self.named.append(name)

    @property
    def text(self) -> str | None:
        """Name the cells; None if there are none."""
        if not self.count:
            return None
        more = f" and {self.count - len(self.named):,} more" if self.count > len(self.named) else ""
        return f"{self.sheet}: {', '.join(self.named)}{more}"

    def check(self, *, overwrites: bool) -> str | None:
        """Return the text, or raise SheetConflict if these cells must not be overwritten."""
        if self.text and not overwrites:
            raise SheetConflict(self.text)
        return self.text


class SheetConflict(SheetsFailure):
    """People changed cells since the last export; nothing was written. `conflict` names them."""

    def __init__(self, conflict: str) -> None:
        self.conflict = conflict
        super().__init__(
            "CONFLICT",
            f"Cells were changed by hand since the last export: {conflict}. Take these changes over into the table, "
            "or export with onConflict: OVERWRITE.",
        )
