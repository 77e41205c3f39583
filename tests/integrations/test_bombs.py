"""Files that are small and ask for much: each ends soon, in little memory, with a sentence on why."""

import io
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from integrations.documents import xml_events
from integrations.documents.failures import DocumentRefused
from integrations.documents.kinds import check_workbook
from tables.files import delimited
from tables.files.dialects import sniff

ROOT = Path(__file__).parents[2]
# A small process starts the measured one, because Linux counts the memory of the process that starts another as its.
MEASURE = """import os, resource, subprocess, sys
done = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.write(f"\\n{used.ru_utime + used.ru_stime} {used.ru_maxrss}\\n")
sys.exit(done != 0)
"""
MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def pdf(*objects: bytes) -> bytes:
    """Return a PDF with these objects, numbered from 1; the first is the catalogue."""
    content = b"%PDF-1.7\n"
    offsets = []
    for number, each in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(content))
    return content + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (len(objects) + 1, table, end)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), entries, data)


def page(content: bytes, resources: bytes = b"") -> bytes:
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    one = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<<%s>>>>" % resources
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", pages, one, content, *forms())


def forms(count: int = 12) -> list[bytes]:
    """Return forms that each draw the next one ten times."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>"
    return [stream(b"/X Do " * 10, form % (6 + n)) for n in range(count)]


def packed(data: bytes, times: int) -> bytes:
    packer = zlib.compressobj(1)
    return b"".join(packer.compress(data) for _ in range(times)) + packer.flush()


def xlsx(parts: Iterable[bytes], shared: Iterable[bytes] = (b"<sst/>",)) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        sheet = f'<sheets><sheet name="S" sheetId="1" xmlns:r="{RELATIONS}" r:id="r1"/></sheets>'
        archive.writestr("xl/workbook.xml", f"<workbook {MAIN.decode()}>{sheet}</workbook>")
        related = '<Relationship Id="r{0}" Type="a/{1}" Target="{2}"/>'
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f"<Relationships>{related.format(1, 'worksheet', 's.xml')}"
            f"{related.format(2, 'sharedStrings', 't.xml')}</Relationships>",
        )
        for name, content in (("xl/s.xml", parts), ("xl/t.xml", shared)):
            with archive.open(name, "w") as part:
                for data in content:
                    part.write(data)
    return target.getvalue()


def sheet(rows: Iterable[bytes]) -> list[bytes]:
    return [b"<worksheet " + MAIN + b"><sheetData>", *rows, b"</sheetData></worksheet>"]


def ods(row: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        uris = "".join(
            f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
        )
        table = f'<table:table table:name="A">{row.decode()}</table:table>'
        archive.writestr("content.xml", f"<office:document-content{uris}>{table}</office:document-content>")
    return target.getvalue()


FONT = b"/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
FLATE = b"/Filter/FlateDecode"
TOO_MUCH = ""  # the system ends the process, and the reader says why
WIDE_ROW = (
    b'<table:table-row><table:table-cell table:number-columns-repeated="16000" office:value-type="string">'
    b"<text:p>x</text:p></table:table-cell></table:table-row>"
)

BOMBS = {
    "a stream that unpacks to 500 MB": ("pdf", page(stream(packed(bytes(1_000_000), 500), FLATE)), TOO_MUCH),
    "forms that draw each other": ("pdf", page(stream(b"/X Do"), b"/XObject<</X 5 0 R>>"), TOO_MUCH),
    "three million operators": (
        "pdf",
        page(stream(packed(b"BT /F1 9 Tf (a) Tj ET\n" * 10_000, 100), FLATE), FONT),
        TOO_MUCH,
    ),
    "pages that are their own parent": (
        "table",
        pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"),
        "No table was found",
    ),
    "nested elements": ("rows", xlsx([b"<worksheet " + MAIN + b">", b"<a>" * 500_000]), "nested too deep"),
    "a row of a million cells": ("rows", xlsx(sheet([b"<row>", b"<c/>" * 1_000_000, b"</row>"])), "too many cells"),
    "a million rows in a few bytes": ("rows", xlsx(sheet([b"<row><c><v>1</v></c></row>" * 100_000] * 10)), TOO_MUCH),
    "one long text in all cells": (
        "rows",
        xlsx(
            sheet([b'<row><c t="s"><v>0</v></c></row>' * 90_000]),
            [b"<sst " + MAIN + b"><si><t>", b"x" * 32_000, b"</t></si></sst>"],
        ),
        "more than 300 MB",
    ),
    "entities of entities": (
        "rows",
        xlsx(
            [
                b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">',
                *(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12)),
                b"]>",
                *sheet([b'<row><c t="inlineStr"><is><t>&m;</t></is></c></row>']),
            ]
        ),
        "damaged",
    ),
    "cells that are repeated": ("rows", ods(WIDE_ROW * 2_000), "at most 5,000,000 cells"),
    "comments that never end": ("html", b"<html><table><tr><td>" + b"<!--" * 400_000, TOO_MUCH),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_soon_and_in_little_memory(name: str) -> None:
    task, content, reason = BOMBS[name]
    details = '"utf-8"' if task == "html" else "null"
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(content)
        source.seek(0)
        process = subprocess.run(
            [sys.executable, "-S", "-c", MEASURE, sys.executable, "-m", "integrations.documents", task, details],
            cwd=ROOT, env={}, stdin=source, stdout=target, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    messages, _, used = process.stderr.decode().rstrip().rpartition("\n")
    seconds, kilobytes = map(float, used.split())
    assert process.returncode != 0
    assert reason in messages
    assert bool(reason) == ("refused" in messages)
    assert seconds < 2.6
    assert kilobytes < 200_000


def test_a_workbook_that_unpacks_to_hundreds_of_times_its_size_is_not_opened() -> None:
    content = xlsx(sheet([b"<row><c><v>1</v></c></row>" * 100_000] * 10))
    with pytest.raises(DocumentRefused, match="more than 150 times its size"):
        check_workbook(io.BytesIO(content))


def test_a_line_of_a_million_values_is_refused() -> None:
    text = "a,b\n" + '""",' * 500_000
    with pytest.raises(ValueError, match="Line 2 has 250,001 values: a row has at most 16,384"):
        list(delimited.rows(io.StringIO(text, newline=""), sniff(text[:1_000])))


@pytest.mark.parametrize(("cells", "is_refused"), [(9, False), (10, True)])
def test_only_the_elements_within_one_row_count(monkeypatch: pytest.MonkeyPatch, cells: int, is_refused: bool) -> None:
    monkeypatch.setattr(xml_events, "MAX_HELD", 9)
    part = io.BytesIO(b"".join(sheet([b"<row>" + b"<c/>" * cells + b"</row>"] * 50)))
    if is_refused:
        with pytest.raises(DocumentRefused, match="too many cells"):
            list(xml_events.elements(part, "row"))
    else:
        assert len(list(xml_events.elements(part, "row"))) == 50


def test_a_workbook_of_many_rows_is_no_bomb() -> None:
    """It has more elements than one row may have, and unpacks to no more than an ordinary one."""
    row = "<row>" + '<c><v>{0}</v></c><c t="str"><f>A{0}</f><v>item {0}</v></c><c><v>1.5</v></c>' * 2 + "</row>"
    content = xlsx(sheet(row.format(number).encode() for number in range(30_000)))
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(content)
        source.seek(0)
        process = subprocess.run(
            [sys.executable, "-m", "integrations.documents", "rows", "null"],
            cwd=ROOT, env={}, stdin=source, stdout=target, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
        assert (process.returncode, process.stderr) == (0, b"")
