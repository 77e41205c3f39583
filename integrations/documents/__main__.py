"""`python -m integrations.documents pdf|text|rows|table|html [details] <file`: the process that reads files."""

import json
import os
import sys
from typing import IO

from integrations.documents.failures import DocumentRefused
from integrations.documents.limits import allow_cpu, bound_process, refuse_too_large, seconds_for

DAMAGED = "The file is damaged, or no program that keeps to the format wrote it: save it again, then send it."


def main(task: str, *details: str) -> None:
    bound_process(task)
    try:
        _bounded(task, sys.stdin.buffer, sys.stdout.buffer, *details)
    except DocumentRefused as error:
        _refuse(str(error))
    except MemoryError:
        raise
    except Exception:
        _refuse(DAMAGED)


def _bounded(task: str, source: IO[bytes], target: IO[bytes], *details: str) -> None:
    if task in {"text", "rows", "html"}:
        allow_cpu(seconds_for(task, os.fstat(source.fileno()).st_size))
    try:
        _read(task, source, target, *details)
        target.flush()
    except OSError as error:
        refuse_too_large(error)
        raise


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
    elif task == "html":
        from tables.files.html_pages import rows as html_rows

        try:
            text = source.read().decode(json.loads(details))
            target.writelines(json.dumps(row).encode() + b"\n" for row in html_rows(text))
        except UnicodeDecodeError as error:
            raise DocumentRefused(f"The text is not {error.encoding} throughout: save it as UTF-8.") from None
        except ValueError as error:
            raise DocumentRefused(str(error)) from None
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
    sys.stderr.flush()
    os._exit(1)  # what is left of the rows would be written otherwise, and may have no place


if __name__ == "__main__":
    main(*sys.argv[1:])
