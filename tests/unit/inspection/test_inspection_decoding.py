"""Decoding and thumbs."""

import struct
import zlib
from pathlib import Path

import pytest
from encoded_pictures import END, SIGNATURE, chunk, encoded, header
from PIL import Image

from pipeline.errors import ImageBroken, LocalFault, TaskFailed
from pipeline.images.local.store import LocalImageStore
from pipeline.inspection.task import Inspect
from pipeline.model.artifact import Alpha

# Structure and every CRC are right, and the pixels are none.
UNDECODABLE = SIGNATURE + header(64, 48) + chunk(b"IDAT", b"not deflated") + END
TOO_FEW_PIXELS = SIGNATURE + header(64, 48) + chunk(b"IDAT", b"x\x9c\x03\0\0\0\0\1") + END

THUMBS = ("c/thumbs/0-512.webp", "c/thumbs/0-256.webp", "c/thumbs/0-128.webp")


def examined(root, path, *, thumbs=False):
    location = LocalImageStore(root).location
    return Inspect(images=location, path=path, thumbs=("c", "0") if thumbs else None).run().image


def write(root: Path, content: bytes) -> str:
    (root / "a").write_bytes(content)
    return "a"


@pytest.mark.parametrize(
    ("content", "alpha", "clear"),
    [
        (encoded("PNG"), Alpha.NONE, 0.0),
        (encoded("PNG", mode="RGBA"), Alpha.NONE, 0.0),
        (encoded("PNG", mode="RGBA", alpha=200), Alpha.USED, 0.0),
        (encoded("PNG", mode="RGBA", alpha=0), Alpha.USED, 0.5),
        (encoded("PNG", mode="LA", alpha=0), Alpha.USED, 0.5),
        (encoded("PNG", mode="I;16"), Alpha.NONE, 0.0),
        (encoded("JPEG"), Alpha.NONE, 0.0),
        (encoded("JPEG", mode="CMYK"), Alpha.NONE, 0.0),
        (encoded("JPEG", mode="L"), Alpha.NONE, 0.0),
        (encoded("WEBP", mode="RGBA", alpha=0), Alpha.USED, 0.5),
    ],
)
def test_decoding_tells_alpha_that_is_used_from_a_channel_that_is_not(
    tmp_path, content, alpha, clear
):
    image = examined(tmp_path, write(tmp_path, content))
    assert (image.width, image.height, image.alpha) == (64, 48, alpha)
    assert image.clear == pytest.approx(clear, abs=0.01)


def test_a_painted_chequerboard_is_no_transparency(tmp_path):
    board = Image.new("RGB", (64, 64))
    board.putdata([((x // 8 + y // 8) % 2 * 51 + 204,) * 3 for y in range(64) for x in range(64)])
    board.save(tmp_path / "a", "PNG")
    assert examined(tmp_path, "a").alpha is Alpha.NONE


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_one_flat_colour_spreads_less_than_any_picture(tmp_path, kind):
    Image.new("RGB", (64, 64), (250, 250, 250)).save(tmp_path / "a", kind)
    assert examined(tmp_path, "a").spread < 2
    assert examined(tmp_path, write(tmp_path, encoded(kind))).spread > 10


@pytest.mark.parametrize(
    "content",
    [UNDECODABLE, TOO_FEW_PIXELS, encoded("PNG")[:-400], b"GIF89a" + bytes(50), b"<svg/>", b""],
)
def test_what_cannot_be_decoded_to_its_last_pixel_is_broken(tmp_path, content):
    with pytest.raises(ImageBroken):
        examined(tmp_path, write(tmp_path, content))


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
    bomb = SIGNATURE + header(65535, 65535) + chunk(b"IDAT", b"") + END
    with pytest.raises(ImageBroken):
        examined(tmp_path, write(tmp_path, bomb))


def test_a_file_that_is_gone_is_a_local_fault(tmp_path):
    with pytest.raises(LocalFault, match=r"a\.png: No such file"):
        examined(tmp_path, "a.png")


def test_thumbs_are_webp_with_the_longest_side_of_their_name(tmp_path):
    examined(tmp_path, write(tmp_path, encoded("PNG", size=(900, 600))), thumbs=True)
    sizes = []
    for path in THUMBS:
        with Image.open(tmp_path / path) as thumb:
            sizes.append((thumb.format, thumb.size))
    assert sizes == [("WEBP", (512, 341)), ("WEBP", (256, 170)), ("WEBP", (128, 85))]


def test_a_thumb_keeps_transparency_and_is_never_enlarged(tmp_path):
    examined(tmp_path, write(tmp_path, encoded("PNG", mode="RGBA", alpha=0)), thumbs=True)
    with Image.open(tmp_path / THUMBS[0]) as thumb:
        assert (thumb.mode, thumb.size) == ("RGBA", (64, 48))


def test_thumbs_that_are_there_are_not_made_again(tmp_path):
    path = write(tmp_path, encoded("PNG"))
    examined(tmp_path, path, thumbs=True)
    before = [(tmp_path / thumb).stat().st_mtime_ns for thumb in THUMBS]
    examined(tmp_path, path, thumbs=True)
    assert [(tmp_path / thumb).stat().st_mtime_ns for thumb in THUMBS] == before


def test_an_empty_thumb_of_a_crash_is_made_again(tmp_path):
    path = write(tmp_path, encoded("PNG"))
    examined(tmp_path, path, thumbs=True)
    (tmp_path / THUMBS[1]).write_bytes(b"")
    examined(tmp_path, path, thumbs=True)
    assert (tmp_path / THUMBS[1]).stat().st_size > 0
    assert sorted(file.name for file in (tmp_path / "c/thumbs").iterdir()) == [
        "0-128.webp",
        "0-256.webp",
        "0-512.webp",
    ]


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (struct.error("unpack requires a buffer of 4 bytes"), ImageBroken),
        (zlib.error("Error -3 while decompressing data"), ImageBroken),
        (KeyError("mode"), ImageBroken),
        (MemoryError(), LocalFault),
        (RuntimeError("a bug of the decoder"), TaskFailed),
    ],
)
def test_whatever_a_decoder_raises_is_told_as_an_error_of_ours(tmp_path, monkeypatch, raised, told):
    """Any other error ends the run, and every later one, since an image lands before it is decoded.

    Until then it had been stored by that time.
    """

    def fail(*_words, **_more):
        raise raised

    write(tmp_path, encoded("PNG"))
    monkeypatch.setattr(Image.Image, "convert", fail)
    with pytest.raises(told) as arrived:
        examined(tmp_path, "a")
    assert type(arrived.value) is told
