"""Readers of PDF files and workbooks in a separate process, whose limits end it without harm to the server."""

import asyncio
import io
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Literal

from auth.fair_pool import FairLimit
from integrations.documents.failures import DocumentRefused

SECONDS = 60.0  # that pass: a machine with much else to do gives the processor's 20 slowly
AT_ONCE, AT_ONCE_OF_ONE = 2, 1  # processes, and of one person
ROOT = Path(__file__).parents[2]
TOO_MUCH = "The file takes too much memory or time to read: send a part of it, or its text."

Task = Literal["pdf", "text", "rows", "table", "html"]


class DocumentReader:
    """Gives files to a process with limits on memory and time; the others wait, and people take turns."""

    def __init__(self) -> None:
        self._room = FairLimit(AT_ONCE, AT_ONCE_OF_ONE)
        self._files = ThreadPoolExecutor(AT_ONCE, "documents")  # asyncio's own threads may all be busy

    async def text_of(self, task: Literal["pdf", "text"], source: IO[bytes], *, person: object = None) -> str:
        """Return the text of a PDF, or of a workbook's sheets. Raises DocumentRefused."""
        output = await self._run(person, task, source, asyncio.subprocess.PIPE)
        return str(_last(output)["text"])

    async def rows_into(
        self, source: IO[bytes], target: IO[bytes], sheet: str | None = None, *, person: object = None
    ) -> None:
        """Write a sheet of a workbook, or else its first with rows, into a file. Raises DocumentRefused.

        Each row is a line of JSON, whose cells are as in `workbooks.Cell`. The last line names the `sheet`, with
        `notes` on what was left out.
        """
        await self._run(person, "rows", source, target.fileno(), json.dumps(sheet))

    async def table_into(
        self, source: IO[bytes], target: IO[bytes], number: int | None = None, *, person: object = None
    ) -> None:
        """Write a table of a PDF, by default its first, into a file. Raises DocumentRefused.

        The first line holds `notes`, and whether the table `has_header`; each other line is a row of texts.
        """
        await self._run(person, "table", source, target.fileno(), json.dumps(number))

    async def html_into(self, source: IO[bytes], target: IO[bytes], encoding: str, *, person: object = None) -> None:
        """Write the rows of an HTML page's tables into a file, each as a line. Raises DocumentRefused."""
        await self._run(person, "html", source, target.fileno(), json.dumps(encoding))

    async def _run(self, person: object, task: Task, source: IO[bytes], target: int, *details: str) -> bytes:
        async with self._room.slot(person):
            file = await asyncio.get_running_loop().run_in_executor(self._files, _on_disk, source)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "integrations.documents", task, *details,
                cwd=ROOT, env={}, stdin=file.fileno(), stdout=target, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                async with asyncio.timeout(SECONDS):
                    output, errors = await process.communicate()
            except TimeoutError:
                raise DocumentRefused(TOO_MUCH) from None
            finally:
                if file is not source:
                    file.close()
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            raise DocumentRefused(_reason(errors))
        return output or b""


def _on_disk(source: IO[bytes]) -> IO[bytes]:
    """Return a file that another process can read, at its beginning; a pasted text is written to one. Blocking."""
    source.seek(0)
    if isinstance(source, io.BytesIO):
        copy = tempfile.TemporaryFile()  # noqa: SIM115  closed when the process has ended
        copy.write(source.getbuffer())
        copy.seek(0)
        return copy
    source.flush()
    os.lseek(source.fileno(), 0, os.SEEK_SET)
    return source


def _reason(errors: bytes) -> str:
    """Return the reason that the process gave; TOO_MUCH when the system ended it."""
    try:
        return str(_last(errors)["refused"])
    except (ValueError, LookupError, TypeError):
        return TOO_MUCH


def _last(lines: bytes) -> Any:
    return json.loads(lines.splitlines()[-1])
