"""Whole or broken, told from structure alone."""

import random
import struct
import tracemalloc

import pytest
from encoded_pictures import END, PIXELS, PNG, SIGNATURE, chunk, encoded, header
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFile

from pipeline.errors import ImageBroken
from pipeline.images.formats.structure import StructureScan
from pipeline.model.artifact import Alpha, ImageKind

RGBA_PNG = encoded("PNG", mode="RGBA", alpha=0)
JPEG = encoded("JPEG")
WEBP = encoded("WEBP")

WHOLE = {
    "png": (encoded("PNG"), ImageKind.PNG, Alpha.NONE),
    "png smallest": (PNG, ImageKind.PNG, Alpha.NONE),
    "png rgba": (RGBA_PNG, ImageKind.PNG, Alpha.CHANNEL),
    "png grey alpha": (encoded("PNG", mode="LA"), ImageKind.PNG, Alpha.CHANNEL),
    "png palette": (encoded("PNG", mode="P"), ImageKind.PNG, Alpha.NONE),
    "png palette with alpha": (
        encoded("PNG", mode="P", transparency=0),
        ImageKind.PNG,
        Alpha.CHANNEL,
    ),
    "png one bit": (encoded("PNG", mode="1"), ImageKind.PNG, Alpha.NONE),
    "png 16 bit": (encoded("PNG", mode="I;16"), ImageKind.PNG, Alpha.NONE),
    "jpeg": (JPEG, ImageKind.JPEG, Alpha.NONE),
    "jpeg progressive": (encoded("JPEG", progressive=True), ImageKind.JPEG, Alpha.NONE),
    "jpeg grey": (encoded("JPEG", mode="L"), ImageKind.JPEG, Alpha.NONE),
    "jpeg restarts": (encoded("JPEG", restart_marker_blocks=1), ImageKind.JPEG, Alpha.NONE),
    "jpeg comment": (encoded("JPEG", comment=b"\xff\xd9"), ImageKind.JPEG, Alpha.NONE),
    "jpeg with a preview after it": (JPEG + JPEG, ImageKind.JPEG, Alpha.NONE),
    "webp": (WEBP, ImageKind.WEBP, Alpha.NONE),
    "webp alpha": (encoded("WEBP", mode="RGBA", alpha=9), ImageKind.WEBP, Alpha.CHANNEL),
    "webp lossless": (encoded("WEBP", lossless=True), ImageKind.WEBP, Alpha.NONE),
    "webp lossless alpha": (
        encoded("WEBP", mode="RGBA", alpha=9, lossless=True),
        ImageKind.WEBP,
        Alpha.CHANNEL,
    ),
    "webp with profile": (encoded("WEBP", icc_profile=b"x" * 99), ImageKind.WEBP, Alpha.NONE),
}


def inspect(content: bytes, size: int = 1 << 16):
    inspection = StructureScan()
    for start in range(0, len(content), size):
        inspection.feed(content[start : start + size])
    return inspection.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1 << 16])
@pytest.mark.parametrize(("content", "kind", "alpha"), WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_image_is_known_however_its_bytes_are_cut(content, kind, alpha, size):
    shape = inspect(content, size)
    assert (shape.kind, shape.alpha) == (kind, alpha)
    assert (shape.width, shape.height) in ((64, 48), (3, 2))


@given(cuts=st.lists(st.integers(1, 900), max_size=9), name=st.sampled_from(sorted(WHOLE)))
def test_any_cutting_gives_the_same_answer(cuts, name):
    content = WHOLE[name][0]
    inspection = StructureScan()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(content)], strict=True):
        inspection.feed(content[start:end])
    assert inspection.finish() == inspect(content)


@pytest.mark.parametrize(
    "content",
    [content for name, (content, *_) in WHOLE.items() if "after it" not in name],
    ids=[name for name in WHOLE if "after it" not in name],
)
def test_an_image_cut_off_anywhere_is_broken(content):
    for length in range(len(content)):
        with pytest.raises(ImageBroken):
            inspect(content[:length])


def test_a_png_with_any_flipped_bit_is_broken():
    chance = random.Random(1)  # noqa: S311 - a fixed sample of bits
    for _ in range(500):
        damaged = bytearray(RGBA_PNG)
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        with pytest.raises(ImageBroken):
            inspect(bytes(damaged))


BROKEN = {
    "empty": b"",
    "html": b"<!DOCTYPE html><html><body>Not found</body></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "xml error": b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
    "json": b'{"code": 404, "message": "gone"}',
    "gif": b"GIF89a" + bytes(20),
    "gzip": b"\x1f\x8b\x08" + bytes(20),
    "zeros": bytes(4096),
    "png twice": PNG + PNG,
    "png and a byte": PNG + b"\0",
    "png and a page": PNG + b"<script>alert(1)</script>",
    "png without header": SIGNATURE + PIXELS + END,
    "png with two headers": SIGNATURE + header() + header() + PIXELS + END,
    "png without pixels": SIGNATURE + header() + END,
    "png with a long end": SIGNATURE + header() + PIXELS + chunk(b"IEND", b"x"),
    "png with a short header": SIGNATURE + chunk(b"IHDR", b"\0\0\0\1") + PIXELS + END,
    "png with a name of digits": SIGNATURE + header() + chunk(b"1234") + PIXELS + END,
    "png with an endless chunk": SIGNATURE + header() + b"\xff\xff\xff\xffIDAT" + bytes(99),
    "png of 65535²": SIGNATURE + header(65535, 65535) + PIXELS + END,
    "png of no width": SIGNATURE + header(0, 5) + PIXELS + END,
    "png of a strange depth": SIGNATURE + header(depth=3) + PIXELS + END,
    "png of a strange colour": SIGNATURE + header(color=5) + PIXELS + END,
    "png of a strange compression": SIGNATURE + header(tail=b"\1\0\0") + PIXELS + END,
    "png of a strange interlace": SIGNATURE + header(tail=b"\0\0\2") + PIXELS + END,
    "png without its palette": SIGNATURE + header(color=3) + PIXELS + END,
    "png with a wrong crc": PNG[:-1] + b"\0",
    "jpeg without a scan": b"\xff\xd8\xff\xd9" + bytes(20),
    "jpeg of 65535²": b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + bytes(9) + b"\xff\xd9",
    "jpeg of no height": b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x00\x00\x09\x03" + bytes(9),
    "jpeg with a segment of no length": b"\xff\xd8\xff\xe0\x00\x01" + bytes(20),
    "jpeg with bytes between": b"\xff\xd8\xff\xe0\x00\x04ab" + b"stray bytes",
    "webp longer than it says": WEBP + b"\0\0",
    "webp shorter than it says": WEBP[:4] + struct.pack("<I", len(WEBP)) + WEBP[8:],
    "webp of nothing": b"RIFF\x04\0\0\0WEBP",
    "webp with a chunk too long": WEBP[:16] + b"\xff\xff\xff\x7f" + WEBP[20:],
    "webp without a picture": b"RIFF" + struct.pack("<I", 4 + 8 + 4) + b"WEBPEXIF\x04\0\0\0abcd",
    "webp with a picture of something": WEBP[:20] + bytes(len(WEBP) - 20),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_whole_image_is_broken(content):
    with pytest.raises(ImageBroken):
        inspect(content)


def test_a_truncated_jpeg_that_pillow_would_open_is_broken(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(ImageBroken, match="truncated"):
        inspect(JPEG[:-2])


def test_memory_stays_the_same_for_an_image_of_any_size():
    body = bytes(1 << 20)
    endless = [SIGNATURE + header(), *[chunk(b"IDAT", body)] * 30, END]
    tracemalloc.start()
    inspection = StructureScan()
    for piece in endless:
        inspection.feed(piece)
    inspection.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 << 20
