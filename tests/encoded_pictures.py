"""Small image files, built from a literal, whole or broken on purpose."""

import io
import struct
import zlib

from PIL import Image, ImageDraw

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width=3, height=2, *, depth=8, color=2, tail=b"\0\0\0") -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBB", width, height, depth, color) + tail)


PIXELS = chunk(b"IDAT", zlib.compress(bytes(2 * (1 + 9))))
END = chunk(b"IEND")
PNG = SIGNATURE + header() + PIXELS + END


def encoded(kind: str, *, mode: str = "RGB", size=(64, 48), alpha: int = 255, **how) -> bytes:
    """A picture with something in it; `alpha` is that of its left half."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    ImageDraw.Draw(image).ellipse((8, 8, 40, 40), fill=(200, 30, 60))
    if "A" in mode:
        image.putalpha(255)
        image.paste((0, 0, 0, alpha), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **how)
    return out.getvalue()


def pieces(content: bytes, size: int = 4096):
    """The content as a download brings it."""

    async def flow():
        for start in range(0, len(content), size):
            yield content[start : start + size]

    return flow()
