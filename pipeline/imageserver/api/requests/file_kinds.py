"""The kind and size of an uploaded image, read from its header without decoding it."""

import struct
from dataclasses import dataclass

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the frames that hold the size of a JPEG."""
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers that no length follows."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """An image's kind and size according to its header."""

    kind: str
    width: int
    height: int


def file_kind(content: bytes) -> FileKind | None:
    """Return the kind and size of a PNG, JPEG or WebP file; None for anything else."""
    try:
        if content.startswith(_PNG) and content[12:16] == b"IHDR":
            return FileKind("png", *struct.unpack(">II", content[16:24]))
        if content.startswith(_JPEG):
            return _jpeg(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp(content)
    except (struct.error, IndexError):
        return None
    return None


def _jpeg(content: bytes) -> FileKind | None:
    place = 2
    while content[place] == 0xFF:  # noqa: PLR2004 - every marker begins with it
        marker = content[place + 1]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return FileKind("jpeg", width, height)
        place += 2
        if marker not in _JPEG_ALONE:
            place += max(2, int.from_bytes(content[place : place + 2], "big"))
    return None


def _webp(content: bytes) -> FileKind | None:
    match content[12:16]:
        case b"VP8X":
            width = int.from_bytes(content[24:27], "little") + 1
            height = int.from_bytes(content[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(content[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = (side & 0x3FFF for side in struct.unpack("<HH", content[26:30]))
        case _:
            return None
    return FileKind("webp", width, height) if len(content) > 30 else None  # noqa: PLR2004
