"""Parser that splits a multipart/form-data body into its parts while it arrives."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from transport.core.errors import BodyRefused

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

CUT_SHORT = "The body ends before its closing boundary. Send the whole form."


@dataclass(frozen=True)
class PartBegun:
    """Headers of a part; `filename` is None for a part that is not a file."""

    name: str
    filename: str | None


@dataclass(frozen=True)
class PartEnded:
    """End of a part."""


Piece: TypeAlias = PartBegun | bytes | PartEnded


class Parts:
    """Incremental parser; returns pieces: for each part its headers, its content in chunks, and its end.

    Raises BodyRefused for a malformed body, and for headers that are too many or too long.
    """

    def __init__(self, content_type: str) -> None:
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser, parse_options_header

        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise BodyRefused("The Content-Type header has no boundary. Let your HTTP client set this header.")
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError as error:
            raise BodyRefused(f"The boundary in the Content-Type header is invalid: {error}.") from None
        self._error, self._parse_options = FormParserError, parse_options_header
        self._pieces: list[Piece] = []
        self._headers: dict[bytes, bytes] = {}
        self._field = self._value = b""
        self._is_complete = False

    def feed(self, data: bytes) -> list[Piece]:
        """Parse more bytes and return the pieces that they complete."""
        try:
            self._parser.write(data)
        except self._error as error:
            raise BodyRefused(f"The body is not valid multipart/form-data: {error}.") from None
        pieces, self._pieces = self._pieces, []
        return pieces

    def end(self) -> None:
        """Check that the body was complete. Raises BodyRefused."""
        if not self._is_complete:
            raise BodyRefused(CUT_SHORT)

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": lambda data, start, end: self._pieces.append(data[start:end]),
            "on_part_end": lambda: self._pieces.append(PartEnded()),
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _on_headers_finished(self) -> None:
        kind, options = self._parse_options(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise BodyRefused("A part has no name. Begin each part with `Content-Disposition: form-data; name=…`.")
        filename = options.get(b"filename")
        self._pieces.append(PartBegun(_text(options[b"name"]), None if filename is None else _text(filename)))

    def _on_end(self) -> None:
        self._is_complete = True


def _text(raw: bytes) -> str:
    """Return a name as browsers encode it: in UTF-8, with a quotation mark as %22."""
    return raw.decode("utf-8", "replace").replace("%22", '"')
