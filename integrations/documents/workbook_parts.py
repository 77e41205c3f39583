"""The parts of a workbook that its sheets refer to: their names, its texts, its number formats and its calendar."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import join, normpath
from typing import IO
from xml.etree.ElementTree import Element

from integrations.documents.xml_events import elements
from tables.files.number_formats import BUILT_IN, NumberFormat, read_format

_RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATED_STRICTLY = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_USUAL = "xl/workbook.xml"
_WORKBOOK = re.compile(r"(?:\w+/)?workbook\d*\.xml")
_MERGED = re.compile(rb'<(?:\w{1,10}:)?mergeCell\s[^>]{0,40}?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"[^>]{0,40}>')
MAX_MERGED = 50_000  # ranges; beyond them no cell is filled
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True)
class Sheet:
    """One with cells; `part` is its place in the archive."""

    name: str
    part: str
    is_hidden: bool = False


class Parts:
    """An open workbook. What its sheets share is read at once: texts take the memory that they have in the file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._archive = zipfile.ZipFile(file)
        self._workbook = min(filter(_WORKBOOK.fullmatch, self._archive.namelist()), key=len, default=_USUAL)
        related = self._related()
        self.sheets = [sheet for sheet in self._sheets(related) if sheet.part in self._archive.namelist()]
        self.is_1904 = any(_is_true(each.get("date1904")) for each in self._elements(self._workbook, "workbookPr"))
        self.texts = [text_of(item) for item in self._elements(_of_type(related, "sharedStrings"), "si")]
        self.formats = self._formats(_of_type(related, "styles"))

    def rows(self, sheet: Sheet) -> Iterator[Element]:
        """Yield each `row` of a sheet."""
        return self._elements(sheet.part, "row")

    def merged(self, sheet: Sheet) -> list[str]:
        """Return the ranges of merged cells, as `A1:B2`, which stand behind the rows in the file."""
        ranges: list[str] = []
        with self._archive.open(sheet.part) as opened:
            rest = b""
            while data := opened.read(1_000_000):
                data = rest + data
                ranges += [reference.decode() for reference in _MERGED.findall(data)]
                rest = data[data.rfind(b"<") :] if b"<" in data[-200:] else b""
                if len(ranges) > MAX_MERGED:
                    return []
        return ranges

    def _elements(self, part: str, *names: str) -> Iterator[Element]:
        if part in self._archive.namelist():
            with self._archive.open(part) as opened:
                yield from elements(opened, *names)

    def _related(self) -> dict[str, tuple[str, str]]:
        """Type and part by the id of the relation."""
        folder, _, name = self._workbook.rpartition("/")
        relationships = self._elements(join(folder, "_rels", f"{name}.rels"), "Relationship")
        return {
            each.get("Id", ""): (each.get("Type", ""), _place(folder, each.get("Target", ""))) for each in relationships
        }

    def _sheets(self, related: dict[str, tuple[str, str]]) -> Iterator[Sheet]:
        for each in self._elements(self._workbook, "sheet"):
            kind, part = related.get(each.get(_RELATED) or each.get(_RELATED_STRICTLY) or "", ("", ""))
            if kind.endswith("/worksheet"):
                yield Sheet(each.get("name", ""), part, each.get("state", "visible") != "visible")

    def _formats(self, part: str) -> list[NumberFormat]:
        """Return the number formats in the order of the style numbers of cells."""
        codes = dict(BUILT_IN)
        styles: list[int] = []
        for each in self._elements(part, "numFmt", "cellXfs"):
            if each.tag.endswith("numFmt"):
                codes[int(each.get("numFmtId", 0))] = each.get("formatCode", "")
            else:
                styles = [int(style.get("numFmtId", 0)) for style in each]
        known = {number: read_format(code) for number, code in codes.items()}
        return [known.get(number, NumberFormat()) for number in styles]


def text_of(item: Element) -> str:
    """Return the text of a string item in all its runs, without phonetic hints."""
    namespace = item.tag.rpartition("}")
    prefix = "".join(namespace[:2])
    runs = (run.findtext(f"{prefix}t") if run.tag == f"{prefix}r" else run.text for run in item
            if run.tag in {f"{prefix}t", f"{prefix}r"})  # fmt: skip
    return unescaped("".join(run or "" for run in runs))


def unescaped(text: str) -> str:
    """Replace escapes such as _x000D_ by the characters that XML cannot contain."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _of_type(related: dict[str, tuple[str, str]], kind: str) -> str:
    return next((part for type, part in related.values() if type.endswith(f"/{kind}")), "")


def _place(folder: str, target: str) -> str:
    return target[1:] if target.startswith("/") else normpath(join(folder, target))


def _is_true(text: str | None) -> bool:
    return text in {"1", "true"}
