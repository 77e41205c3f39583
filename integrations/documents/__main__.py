"""`python -m integrations.documents pdf|text|rows|table [details] <file`: the process that reads files, in limits."""

import errno
import json
import resource
import sys
from typing import IO

from integrations.documents.failures import DocumentRefused

MEMORY = 1_000_000_000  # bytes
CPU_SECONDS = 20
WRITTEN = 300_000_000  # bytes
DAMAGED = "The file is damaged, or no program that keeps to the format wrote it: save it again, then send it."


def main(task: str, *details: str) -> None:
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    try:
        _read(task, sys.stdin.buffer, sys.stdout.buffer, *details)
    except DocumentRefused as error:
        _refuse(str(error))
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            raise
        _refuse(DAMAGED)


def _read(task: str, source: IO[bytes], target: IO[bytes], details: str = "null") -> None:
    if task == "pdf":
        from integrations.documents.pdf import text_of

        target.write(json.dumps({"text": text_of(source)}).encode())
    elif task == "text":
        from integrations.documents.sheet_text import workbook_text

        target.write(json.dumps({"text": workbook_text(source)}).encode())
    elif task == "table":
        from integrations.documents.pdf_rows import pdf_rows

        notes, rows = pdf_rows(source, json.loads(details))
        target.write(json.dumps(notes).encode() + b"\n")
        target.writelines(json.dumps(row).encode() + b"\n" for row in rows)
    else:
        _write_rows(source, target, json.loads(details))


def _write_rows(source: IO[bytes], target: IO[bytes], sheet: str | None) -> None:
    from integrations.documents.opendocument import is_opendocument, open_ods_sheet
    from integrations.documents.workbooks import open_sheet

    if is_opendocument(source):
        name, rows, notes = open_ods_sheet(source, sheet)
        target.writelines(json.dumps(row).encode() + b"\n" for row in rows)
    else:
        reader, cells = open_sheet(source, sheet)
        target.writelines(json.dumps(row).encode() + b"\n" for row in cells)
        name, notes = reader.sheet.name, reader.notes()
    target.write(json.dumps({"sheet": name, "notes": notes}).encode() + b"\n")


def _refuse(why: str) -> None:
    sys.stderr.write("\n" + json.dumps({"refused": why}))
    sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
