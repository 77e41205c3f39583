"""Images, walked through from their first to their last block, without unpacking a pixel."""

import zlib
from collections.abc import Iterator
from typing import IO

from integrations.documents.failures import DocumentRefused

MAX_PIXELS = 50_000_000
DAMAGED = "The image is damaged or cut short: send it whole."
# Markers of a JPEG's size: all beginnings of a frame.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


def kind_of(head: bytes) -> str | None:
    """Return the content type of an image by its signature."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def check(kind: str, file: IO[bytes]) -> None:
    """Raise DocumentRefused unless the image is whole and no larger than 50 million pixels. Blocking."""
    file.seek(0)
    data = file.read()
    sizes = {"image/png": _png, "image/jpeg": _jpeg, "image/gif": _gif, "image/webp": _webp}
    try:
        width, height = sizes[kind](data)
    except (IndexError, ValueError):
        raise DocumentRefused(DAMAGED) from None
    if not width or not height:
        raise DocumentRefused(DAMAGED)
    if width * height > MAX_PIXELS:
        raise DocumentRefused(f"The image has {width:,} × {height:,} pixels: send one of at most {MAX_PIXELS:,}.")


def _png(data: bytes) -> tuple[int, int]:
    size, last = (0, 0), b""
    for last, body in _png_chunks(data):
        if last == b"IHDR":
            size = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
    if last != b"IEND":
        raise ValueError(last)
    return size


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 8
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 4], "big")
        end = offset + 8 + length
        if end + 4 > len(data) or zlib.crc32(data[offset + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise ValueError(offset)
        yield data[offset + 4 : offset + 8], data[offset + 8 : end]
        offset = end + 4


def _jpeg(data: bytes) -> tuple[int, int]:
    size, offset = (0, 0), 2
    while data[offset + 1] != 0xDA:  # from here on it is compressed
        if data[offset] != 0xFF:
            raise ValueError(offset)
        marker = data[offset + 1]
        if marker in _FRAMES:
            size = (
                int.from_bytes(data[offset + 7 : offset + 9], "big"),
                int.from_bytes(data[offset + 5 : offset + 7], "big"),
            )
        length = 0 if marker in _BARE else int.from_bytes(data[offset + 2 : offset + 4], "big")
        offset += 1 if marker == 0xFF else 2 + length
    if b"\xff\xd9" not in data[offset:]:
        raise ValueError(offset)
    return size


def _gif(data: bytes) -> tuple[int, int]:
    if b";" not in data[-16:]:
        raise ValueError("no trailer")
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _webp(data: bytes) -> tuple[int, int]:
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise ValueError("cut short")
    kind, body = data[12:16], data[20:]
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind != b"VP8 " or body[3:6] != b"\x9d\x01\x2a":
        raise ValueError(kind)
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
