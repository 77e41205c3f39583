"""Files as programs of the world write them, read without a server: values, types and names of the first rows."""

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from db.core.base import Visibility
from db.imports.imports import ImportTarget
from errors import BadUserInput
from integrations.documents.decoding import detect
from integrations.documents.failures import DocumentRefused
from integrations.documents.workbooks import open_sheet
from resolvers.imports.layouts import ImportFormat, Layout, ReadOptions
from resolvers.imports.readings import read
from resolvers.imports.sources import detect_format, lay_out
from tables.files import html_pages
from tests.support.loopback.workbooks import book

CASES = [
    json.loads(line) for line in (Path(__file__).parent / "cases" / "programs.jsonl").read_text("utf-8").splitlines()
]
TARGET = ImportTarget("Table", (), None, None, None, Visibility.PRIVATE)


def laid_out(content: bytes, directory: Path) -> Layout:
    source, rows_file = io.BytesIO(content), io.BytesIO()
    kind = detect_format(source)
    if kind is ImportFormat.HTML:
        pages = html_pages.rows(content.decode(detect(source).name))
        rows_file.writelines(json.dumps(row).encode() + b"\n" for row in pages)
    return lay_out(source, "file", kind, rows_file, ReadOptions(is_detected=True), directory)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_file_of_a_program_is_read_as_a_person_reads_it(case: dict[str, Any], tmp_path: Path) -> None:
    layout = laid_out(case["text"].encode(case["encoding"]), tmp_path)
    reading = read(layout, TARGET, tmp_path)
    with layout.file, reading.file:
        assert [[row.get(column.key) for column in reading.columns] for row in reading.samples] == case["rows"]
        assert [[column.name, column.type.value] for column in reading.columns] == case["columns"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'a,b\n1,"open\n2,x\n3,y\n', "The quote that begins a value in line 2 is never closed"),
        ("a,b\n1,ü\n2,K".encode() + b"\xc3", "The file ends in the middle of a character"),
        (b"\x1f\x8b\x08rest", "The file is compressed: unpack it"),
        (b"{\\rtf1\\ansi A\\cell B}", "The file is an RTF document"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n--x\n", "The file is a saved mail or web archive"),
        (b'<?xml version="1.0"?>\n<Workbook><Worksheet/></Workbook>', "The file is XML or HTML in which no rows"),
        (json.dumps([{f"k{n}": n} for n in range(3_000)]).encode(), "A table has at most 200 columns; this has 3,000."),
    ],
    ids=["open quote", "cut", "compressed", "RTF", "mail", "XML", "many names"],
)
def test_a_file_that_is_no_table_is_refused_in_a_sentence(content: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises((BadUserInput, DocumentRefused)) as refused:
        laid_out(content, tmp_path)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("word/document.xml", "The file is a Word document"),
        ("ppt/presentation.xml", "The file is a presentation"),
        ("xl/workbook.bin", "The file is a binary Excel workbook"),
        ("Index/Document.iwa", "The file is a document of Numbers or Pages"),
        ("content.xml", "The file is an OpenDocument text or drawing"),
        ("data.csv", "unpack it, and send a file that is in it"),
    ],
)
def test_an_archive_that_is_no_workbook_is_named(part: str, reason: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(part, "<a/>")
    with pytest.raises(DocumentRefused, match=reason):
        detect_format(archive)


def test_a_sheet_with_a_table_is_read_rather_than_the_cover_before_it() -> None:
    def line(*texts: str) -> str:
        return "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts) + "</row>"

    sheets = {
        "Cover": ("visible", line("Annual report") + line("See the next sheet")),
        "Data": ("visible", line("Country", "Code") + line("Norway", "NO") + line("Sweden", "SE")),
    }
    reader, rows = open_sheet(io.BytesIO(book(sheets=sheets)))
    assert (reader.sheet.name, len(list(rows))) == ("Data", 3)


def test_many_empty_lines_take_no_longer_than_their_number(tmp_path: Path) -> None:
    seconds = []
    for count in (4_000, 16_000):
        start = time.process_time()
        with laid_out(b"a,b\n1,2\n" + b"\n" * count + b"3,4\n", tmp_path).file:
            seconds.append(time.process_time() - start)
    assert seconds[1] < 10 * seconds[0] + 0.1
