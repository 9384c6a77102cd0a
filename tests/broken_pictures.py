"""Images that are whole by structure and not by pixels, made of whole ones."""

import io
import struct
import zlib
from collections.abc import Callable

from encoded_pictures import END, SIGNATURE, chunk, header
from PIL import Image

SIDE = 64


def picture(mode: str = "RGB", size: tuple[int, int] = (SIDE, SIDE)) -> Image.Image:
    """A picture without two equal rows."""
    values = bytes((7 * x * x + 13 * y * x + 31 * y) % 251 for y in range(96) for x in range(96))
    small = Image.frombytes("L", (96, 96), values).resize((12, 12)).resize(size)
    return Image.merge("RGB", (small, small.transpose(Image.Transpose.ROTATE_180), small)).convert(
        mode
    )


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    at, found = len(SIGNATURE), []
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        found.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def with_pixels(content: bytes, change: Callable[[bytes], bytes], *, packed: bool = False) -> bytes:
    """A PNG whose pixels (or their compressed form) are changed; all checksums are right."""
    chunks = png_chunks(content)
    stream = b"".join(body for name, body in chunks if name == b"IDAT")
    stream = change(stream) if packed else zlib.compress(change(zlib.decompress(stream)))
    first = next(n for n, (name, _) in enumerate(chunks) if name == b"IDAT")
    kept = [one for one in chunks if one[0] != b"IDAT"]
    kept.insert(first, (b"IDAT", stream))
    return SIGNATURE + b"".join(chunk(name, body) for name, body in kept)


def rows(content: bytes, keep: int, *, bits: int = 24) -> bytes:
    """A PNG with the first rows only; its header says otherwise."""
    return with_pixels(content, lambda pixels: pixels[: keep * (1 + SIDE * bits // 8)])


def interlaced(image: Image.Image) -> bytes:
    """The pixels of an interlaced PNG, before compression."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
    pixels, raw = image.load(), b""
    assert pixels is not None
    for left, top, across, down in (*passes, (0, 1, 1, 2)):
        for y in range(top, image.height, down):
            row = b"".join(bytes(pixels[x, y]) for x in range(left, image.width, across))
            raw += b"\0" + row if row else b""
    return raw


def interlaced_png(raw: bytes, size: tuple[int, int] = (SIDE, SIDE)) -> bytes:
    body = chunk(b"IDAT", zlib.compress(raw))
    return SIGNATURE + header(*size, tail=b"\0\0\1") + body + END


def cut_jpeg(content: bytes, share: float) -> bytes:
    """A JPEG that was cut inside its pixels and closed with an end mark."""
    start = content.index(b"\xff\xda")
    return content[: start + int((len(content) - start) * share)] + b"\xff\xd9"


def cut_webp(content: bytes, share: float) -> bytes:
    """A WebP whose pictures are cut, with lengths that agree."""
    at, out = 12, b""
    while at < len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
        if name in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF"):
            body = body[: max(30, int(len(body) * share))]
        out += name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(out) + 4) + b"WEBP" + out


def animated(kind: str) -> bytes:
    frames = [picture().rotate(turn) for turn in (0, 90, 180)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


_PNG = saved(picture(), "PNG")
_ADAM7 = interlaced(picture())

BROKEN: dict[str, bytes] = {
    "PNG, 25 of 64 rows": rows(_PNG, 25),
    "PNG, 63 of 64 rows": rows(_PNG, 63),
    "PNG, no row": rows(_PNG, 0),
    "PNG, a pixel missing": with_pixels(_PNG, lambda raw: raw[:-3]),
    "PNG, 16 bits, 25 rows": rows(saved(picture("I;16"), "PNG"), 25, bits=16),
    "PNG, palette, 25 rows": rows(saved(picture().quantize(200), "PNG"), 25, bits=8),
    "PNG, alpha, 25 rows": rows(saved(picture("RGBA"), "PNG"), 25, bits=32),
    "PNG, grey, 25 rows": rows(saved(picture("L"), "PNG"), 25, bits=8),
    "PNG, not deflated": with_pixels(_PNG, lambda _: b"not deflated", packed=True),
    "PNG, deflated half": with_pixels(_PNG, lambda raw: raw[: len(raw) // 2], packed=True),
    "PNG, a bit flipped": with_pixels(
        _PNG, lambda raw: raw[:90] + bytes([raw[90] ^ 4]) + raw[91:], packed=True
    ),
    "PNG, unknown filter": with_pixels(_PNG, lambda raw: b"\x09" + raw[1:]),
    "PNG, interlaced, half": interlaced_png(_ADAM7[: len(_ADAM7) // 2]),
    "PNG, interlaced, last row missing": interlaced_png(_ADAM7[: -(1 + 3 * SIDE)]),
    "PNG, interlaced, a byte missing": interlaced_png(_ADAM7[:-1]),
    "APNG, first frame cut": rows(animated("PNG"), 25),
    "APNG, frames missing": SIGNATURE
    + b"".join(chunk(name, body) for name, body in png_chunks(animated("PNG")) if name != b"fdAT"),
    "JPEG, half": cut_jpeg(saved(picture(), "JPEG"), 0.5),
    "JPEG, nine tenths": cut_jpeg(saved(picture(), "JPEG"), 0.9),
    "JPEG, a tenth": cut_jpeg(saved(picture(), "JPEG"), 0.1),
    "JPEG, grey, half": cut_jpeg(saved(picture("L"), "JPEG"), 0.5),
    "JPEG, CMYK, half": cut_jpeg(saved(picture("CMYK"), "JPEG"), 0.5),
    "JPEG, optimized, half": cut_jpeg(saved(picture(), "JPEG", optimize=True), 0.5),
    "JPEG, restarts, half": cut_jpeg(saved(picture(), "JPEG", restart_marker_rows=1), 0.5),
    "JPEG, half, with garbage": cut_jpeg(saved(picture(), "JPEG"), 0.5) + b"garbage",
    "JPEG, progressive, a third": cut_jpeg(saved(picture(), "JPEG", progressive=True), 0.35),
    "JPEG, progressive, half": cut_jpeg(saved(picture(), "JPEG", progressive=True), 0.5),
    "JPEG, progressive, nine tenths": cut_jpeg(saved(picture(), "JPEG", progressive=True), 0.9),
    "WebP, half": cut_webp(saved(picture(), "WEBP"), 0.5),
    "WebP, nine tenths": cut_webp(saved(picture(), "WEBP"), 0.9),
    "WebP, lossless, half": cut_webp(saved(picture(), "WEBP", lossless=True), 0.5),
    "WebP, alpha, half": cut_webp(saved(picture("RGBA"), "WEBP"), 0.5),
    "WebP, animated, half": cut_webp(animated("WEBP"), 0.5),
}
"""What was stored, passed every check, and bought a final."""

WHOLE: dict[str, bytes] = {
    "PNG": _PNG,
    "PNG, 16 bits": saved(picture("I;16"), "PNG"),
    "PNG, one bit": saved(picture("1"), "PNG"),
    "PNG, palette": saved(picture().quantize(200), "PNG"),
    "PNG, grey and alpha": saved(picture("LA"), "PNG"),
    "PNG, odd size": saved(picture(size=(61, 7)), "PNG"),
    "PNG, interlaced": interlaced_png(_ADAM7),
    "PNG, interlaced, 1×1": interlaced_png(interlaced(picture(size=(1, 1))), (1, 1)),
    "PNG, interlaced, 3×5": interlaced_png(interlaced(picture(size=(3, 5))), (3, 5)),
    "PNG, pixels too many": with_pixels(_PNG, lambda raw: raw + bytes(99)),
    "APNG": animated("PNG"),
    "JPEG": saved(picture(), "JPEG"),
    "JPEG, odd size": saved(picture(size=(61, 7)), "JPEG"),
    "JPEG, one pixel": saved(picture(size=(1, 1)), "JPEG"),
    "JPEG, flat grey": saved(Image.new("RGB", (SIDE, SIDE), (128, 128, 128)), "JPEG"),
    "JPEG, grey": saved(picture("L"), "JPEG"),
    "JPEG, CMYK": saved(picture("CMYK"), "JPEG"),
    "JPEG, 4:4:4, best": saved(picture(), "JPEG", subsampling=0, quality=100),
    "JPEG, optimized": saved(picture(), "JPEG", optimize=True),
    "JPEG, progressive": saved(picture(), "JPEG", progressive=True),
    "JPEG, restarts by row": saved(picture(), "JPEG", restart_marker_rows=1),
    "JPEG, restarts by block": saved(picture(), "JPEG", restart_marker_blocks=3),
    "JPEG, progressive, restarts": saved(
        picture(), "JPEG", progressive=True, restart_marker_rows=1
    ),
    "JPEG, with garbage": saved(picture(), "JPEG") + b"garbage" * 9,
    "JPEG, with another JPEG": saved(picture(), "JPEG") + saved(picture("L"), "JPEG"),
    "WebP": saved(picture(), "WEBP"),
    "WebP, lossless": saved(picture(), "WEBP", lossless=True),
    "WebP, alpha": saved(picture("RGBA"), "WEBP"),
    "WebP, animated": animated("WEBP"),
}
"""What must never be refused: it was paid for."""
