"""Files of other programs: what they are, what they say, and what hostile ones come to."""

import io
import json
import tempfile
import time
import zipfile
from typing import IO, Any, Literal

import pytest
from openpyxl import Workbook

from integrations.documents.decoding import Encoding, detect
from integrations.documents.failures import DocumentRefused
from integrations.documents.kinds import Kind, recognise
from integrations.documents.reader import TOO_MUCH, DocumentReader
from tests.support.loopback.images import GIF, JPEG, PNG, WEBP, png
from tests.support.loopback.pdfs import pdf
from tests.support.loopback.workbooks import book

DAMAGED_IMAGE = "The image is damaged or cut short: send it whole."
DAMAGED = "The file is damaged, or no program that keeps to the format wrote it: save it again, then send it."


def file(content: bytes) -> IO[bytes]:
    written = tempfile.TemporaryFile()  # noqa: SIM115  closed with the test
    written.write(content)
    return written


def refusal(content: bytes, name: str = "a") -> str:
    with pytest.raises(DocumentRefused) as refused:
        recognise(io.BytesIO(content), name)
    return str(refused.value)


def bomb(member: str = "xl/worksheets/sheet1.xml", size: int = 400_000_000) -> bytes:
    """A workbook that unpacks to much more than it is."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open(member, "w", force_zip64=True) as part:
            for _ in range(size // 1_000_000):
                part.write(bytes(1_000_000))
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"a,b\n1,2", "x.csv", Kind.CSV),
        (b"a\tb", "x.TSV", Kind.CSV),
        (b"# a", "x.md", Kind.MARKDOWN),
        (b"# a", "x.png", Kind.TEXT),
        (b"[1]", "x.csv", Kind.JSON),
        (b"[1", "x.json", Kind.TEXT),
        (b"<svg onload='x'>", "x.svg", Kind.TEXT),
        (b"%PDF-1.7", "x.txt", Kind.PDF),
        (PNG, "x.txt", Kind.PNG),
        (JPEG, "x.txt", Kind.JPEG),
        (GIF, "x.txt", Kind.GIF),
        (WEBP, "x.txt", Kind.WEBP),
        ("x".encode("utf-16"), "x.txt", Kind.TEXT),
    ],
)
def test_the_content_tells_what_a_file_is(content: bytes, name: str, kind: Kind) -> None:
    assert recognise(io.BytesIO(content), name).kind is kind


@pytest.mark.parametrize("image", [PNG, JPEG, GIF, WEBP])
def test_an_image_that_is_cut_short_is_refused(image: bytes) -> None:
    for length in (13, len(image) // 2, len(image) - 2):
        assert refusal(image[:length]) == DAMAGED_IMAGE


def test_an_image_that_would_be_huge_is_refused() -> None:
    assert refusal(png(60_000, 60_000)) == "The image has 60,000 × 60,000 pixels: send one of at most 50,000,000."
    assert refusal(PNG.replace(b"IDAT", b"IDAX")) == DAMAGED_IMAGE


@pytest.mark.parametrize(
    "content", [b"MZ\x90\x00" + bytes(60), b"\x7fELF" + bytes(60), b"PK\x03\x04", bytes(9), b"a\0b"]
)
def test_what_is_no_document_is_refused(content: bytes) -> None:
    assert refusal(content).endswith(("(PNG, JPEG, WebP, GIF).", "save it again, then send it."))


def test_a_workbook_that_unpacks_to_too_much_is_refused_by_what_it_says() -> None:
    assert refusal(bomb()) == "The workbook unpacks to more than 200 MB: send the sheet that matters, or CSV."


@pytest.mark.parametrize(
    ("text", "encoding", "result"),
    [
        ("Größe;Preis\nKäse;1,20\n", "utf-8", Encoding("utf-8")),
        ("Größe;Preis\n", "utf-8-sig", Encoding("utf-8-sig", has_mark=True)),
        ("Größe;Preis\n", "utf-16", Encoding("utf-16", has_mark=True)),
        ("Größe;Preis in €\nKäse aus Österreich;1,20\nBrötchen für Jürgen;0,35\n", "cp1252", Encoding("cp1252")),
        ("品名,値段\nインク,350\nペンとノートを買いました,120\n", "cp932", Encoding("cp932")),
        ("товар,цена\nчернила,350\nручка и тетрадь для школы,120\n", "cp1251", Encoding("cp1251")),
    ],
)
def test_the_encoding_of_a_text_is_told(text: str, encoding: str, result: Encoding) -> None:
    assert detect(io.BytesIO(text.encode(encoding))) == result
    assert recognise(io.BytesIO(text.encode(encoding)), "a").text == text


def test_what_stops_being_utf_8_late_is_noticed() -> None:
    assert detect(io.BytesIO(b"a" * 200_000 + "é".encode("cp1252"))).name != "utf-8"


@pytest.mark.parametrize(
    ("task", "content", "message"),
    [
        ("pdf", pdf(*["x"] * 501), "The PDF has 501 pages: send at most 500 at once."),
        ("pdf", pdf("x", password="p"), "The PDF is encrypted: send one that opens without a password."),
        ("pdf", b"%PDF-1.7\n" + bytes(500), DAMAGED),
        ("text", b"PK\x03\x04" + bytes(100), DAMAGED),
    ],
)  # fmt: skip
async def test_a_document_that_cannot_be_read_says_why(
    task: Literal["pdf", "text"], content: bytes, message: str
) -> None:
    with file(content) as source, pytest.raises(DocumentRefused) as refused:
        await DocumentReader().text_of(task, source)
    assert str(refused.value) == message


async def test_a_reader_that_takes_too_much_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline that any file exceeds has the effect of a bomb, whatever size the file declares."""
    monkeypatch.setattr("integrations.documents.reader.SECONDS", 0.0)
    started = time.monotonic()
    with file(pdf("x")) as source, pytest.raises(DocumentRefused) as refused:
        await DocumentReader().text_of("pdf", source)
    assert str(refused.value) == TOO_MUCH
    assert time.monotonic() - started < 5


async def test_a_bomb_ends_the_process_that_reads_it_and_nothing_else() -> None:
    """One long text that every cell of a row refers to: some kilobytes of which a reader makes a gigabyte."""
    with file(book(["<c t='s'><v>0</v></c>" * 16_384], texts=["x" * 65_000])) as source, file(b"") as rows:
        with pytest.raises(DocumentRefused) as refused:
            await DocumentReader().rows_into(source, rows)
        assert rows.seek(0, io.SEEK_END) == 0
    assert str(refused.value) == TOO_MUCH


async def test_rows_of_a_workbook_keep_their_types() -> None:
    book, target = Workbook(), io.BytesIO()
    sheet: Any = book.active
    sheet.append(["text", 1, 2.5, True, "007", "=1+1"])
    sheet["F1"].data_type = "s"
    book.save(target)
    with file(target.getvalue()) as source, file(b"") as rows:
        await DocumentReader().rows_into(source, rows)
        rows.seek(0)
        assert [json.loads(line) for line in rows] == [
            ['"text', "1", "2.5", "true", '"007', '"=1+1'],
            {"sheet": "Sheet", "notes": []},
        ]
