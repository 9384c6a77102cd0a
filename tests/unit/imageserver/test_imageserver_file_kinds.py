import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipeline.imageserver.api.requests.file_kinds import FileKind, file_kind
from pipeline.imageserver.painting.conversion import resized, transcode
from pipeline.imageserver.painting.painter import PaintedPicture


def encoded(kind: str, size: tuple[int, int] = (37, 23), **options: object) -> bytes:
    out = io.BytesIO()
    mode = "RGBA" if options.pop("alpha", False) else "RGB"
    Image.new(mode, size, "orange").save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (encoded("PNG"), "png"),
        (encoded("JPEG"), "jpeg"),
        (encoded("JPEG", progressive=True), "jpeg"),
        (encoded("JPEG", exif=b"Exif\0\0" + b"\0" * 500), "jpeg"),
        (encoded("WEBP"), "webp"),
        (encoded("WEBP", lossless=True), "webp"),
        (encoded("WEBP", alpha=True), "webp"),
    ],
)
def test_kind_and_size_are_read_from_the_first_bytes(content: bytes, kind: str):
    assert file_kind(content) == FileKind(kind, 37, 23)


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"<svg/>", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"\x89PNG\r\n\x1a\n"],
)
def test_anything_else_is_nothing(content: bytes):
    assert file_kind(content) is None


def test_no_beginning_of_an_image_makes_the_reader_stumble():
    for content in (
        encoded("PNG"),
        encoded("JPEG"),
        encoded("WEBP"),
        encoded("WEBP", lossless=True),
    ):
        for length in range(64):
            assert file_kind(content[:length]) in (None, FileKind(file_kind(content).kind, 37, 23))


def test_a_fitted_picture_has_the_pixels_and_keeps_its_words():
    out = io.BytesIO()
    told = PngInfo()
    told.add_itxt("prompt", "zażółć")
    Image.new("RGB", (64, 64)).save(out, "PNG", pnginfo=told)
    picture = PaintedPicture(png=out.getvalue(), width=64, height=64, renderer="proof")
    smaller = resized(picture, (48, 32))
    with Image.open(io.BytesIO(smaller.png)) as image:
        image.load()
        assert image.size == (smaller.width, smaller.height) == (48, 32)
        assert image.text["prompt"] == "zażółć"


def test_jpeg_has_white_paper_where_there_was_no_picture():
    clear = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(clear, "PNG")
    jpeg = transcode(clear.getvalue(), kind="jpeg", quality=90)
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.getpixel((4, 4)) == (255, 255, 255)
