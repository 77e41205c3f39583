"""Rows of a table for the thread that writes an export."""

import threading
from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from integrations.google.sheets import Sheets
from jobs.exports.snapshots import IdentifiedRow, Snapshot
from jobs.runner.job_run import JobContext
from tables.types.columns import Value


class Stopped(Exception):
    """Raised in the thread of a job after its handler was cancelled."""


class Source:
    """Rows of a snapshot for a writing thread, until `stop` is called from another thread."""

    def __init__(self, snapshot: Snapshot, context: JobContext) -> None:
        self.snapshot, self.context = snapshot, context
        self._stopped = threading.Event()
        self._close: Callable[[], None] = lambda: None

    def stop(self) -> None:
        self._stopped.set()
        self._close()

    def close_on_stop(self, sheets: Sheets) -> Sheets:
        """Close `sheets` on `stop`, which interrupts a request that is waiting for Google."""
        self._close = sheets.close
        self.check()
        return sheets

    def check(self) -> None:
        if self._stopped.is_set():
            raise Stopped

    def rows(self) -> Iterator[Mapping[str, Value]]:
        for _, _, values in self._batched():
            yield values

    def identified_rows(self) -> Iterator[tuple[int, UUID, Mapping[str, Value]]]:
        """Yield position, id and values of the rows."""
        for position, id_, values in self._batched():
            yield position, UUID(hex=id_), values

    def _batched(self) -> Iterator[IdentifiedRow]:
        for batch in self.snapshot.batches():
            self.check()
            yield from batch

    def rows_with_progress(self) -> Iterator[Mapping[str, Value]]:
        """Yield the rows and report progress; a row counts as written when the next one is requested."""
        for done, row in enumerate(self.rows()):
            if done % 500 == 0:
                self.report(done)
            yield row

    def report(self, done: int) -> None:
        self.context.progress(done, self.snapshot.row_count)
