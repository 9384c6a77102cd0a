"""Notes added to a finished picture: in its record and in the file itself."""

import struct
import zlib
from dataclasses import replace

from pipeline.engine.order import Picture

_HEAD = 8 + 25
"""A PNG's signature and its IHDR chunk, which must come first."""


def noted(picture: Picture, note: str) -> Picture:
    """The same pixels with one more note; the PNG carries it as an iTXt chunk called `note`."""
    payload = b"note\0\0\0\0\0" + note.encode()
    chunk = struct.pack(">I", len(payload)) + b"iTXt" + payload
    chunk += struct.pack(">I", zlib.crc32(b"iTXt" + payload))
    png = picture.png[:_HEAD] + chunk + picture.png[_HEAD:]
    return replace(picture, png=png, notes=(*picture.notes, note))
