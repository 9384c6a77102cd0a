"""Files below a weight, with all colour samples, and what is refused by name."""

import io
import random

import pytest
from PIL import Image, ImageFilter

from pipeline.adfiles.encoding import BEST, encode
from pipeline.errors import AdFileFailed
from pipeline.model.adfiles.placement import ImageFormat

XMP = b'<?xpacket begin="" id=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"/><?xpacket end="r"?>'


def picture(size=(300, 250), *, mode="RGB", seed=1):
    """A busy picture: noise, softened, so that its weight depends on the quality."""
    rng = random.Random(seed)  # noqa: S311
    small = Image.frombytes("RGB", (60, 50), rng.randbytes(60 * 50 * 3))
    image = small.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(size))
    return image


def opened(encoded):
    return Image.open(io.BytesIO(encoded.content))


@pytest.mark.parametrize("form", ImageFormat)
def test_a_file_without_a_limit_has_the_best_quality_its_pixels_and_its_metadata(form):
    encoded = encode(picture(), form, xmp=XMP, max_kb=None)
    image = opened(encoded)
    assert image.format.lower().replace("jpeg", "jpg") == form.value
    assert (image.size, image.mode) == ((300, 250), "RGB")
    assert encoded.quality == (None if form is ImageFormat.PNG else BEST)
    assert b"x:xmpmeta" in encoded.content


def test_a_jpeg_is_progressive_and_keeps_all_colour_samples():
    image = opened(encode(picture(), ImageFormat.JPG, xmp=XMP, max_kb=None))
    assert image.info.get("progressive")
    assert [layer[1:3] for layer in image.layer] == [(1, 1)] * 3


@pytest.mark.parametrize("form", ImageFormat)
@pytest.mark.parametrize("max_kb", [3, 6, 10, 15, 20, 30, 60, 150])
def test_a_limit_is_reached_or_refused_by_name(form, max_kb):
    told = ""
    size = max_kb * 1000
    try:
        size = len(encode(picture(), form, xmp=XMP, max_kb=max_kb).content)
    except AdFileFailed as error:
        told = str(error)
    assert size <= max_kb * 1000
    assert not told or f"{max_kb} kB is the most" in told


def test_a_kilobyte_has_1000_bytes():
    image = picture()
    free = encode(image, ImageFormat.JPG, xmp=XMP, max_kb=None)
    limit = len(free.content) // 1000
    assert len(encode(image, ImageFormat.JPG, xmp=XMP, max_kb=limit).content) <= limit * 1000


def test_the_best_quality_that_fits_is_found_in_seven_tries():
    image = picture()
    encoded = encode(image, ImageFormat.JPG, xmp=XMP, max_kb=20)
    better = io.BytesIO()
    image.save(
        better, "JPEG", quality=encoded.quality + 1, subsampling=0, progressive=True,
        optimize=True, xmp=XMP,
    )  # fmt: skip
    assert len(encoded.content) <= 20_000 < len(better.getvalue())


def test_metadata_counts_towards_the_weight():
    image = picture()
    free = len(encode(image, ImageFormat.JPG, xmp=XMP, max_kb=None).content)
    limit = free // 1000 + 1
    encoded = encode(image, ImageFormat.JPG, xmp=XMP + b" " * 4000, max_kb=limit)
    assert len(encoded.content) <= limit * 1000
    assert encoded.quality < BEST


def test_transparency_does_not_vanish_into_a_jpeg():
    with pytest.raises(AdFileFailed, match="transparent pixels and a JPEG cannot have any"):
        encode(picture(mode="RGBA"), ImageFormat.JPG, xmp=XMP, max_kb=None)
    for form in (ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF):
        assert opened(encode(picture(mode="RGBA"), form, xmp=XMP, max_kb=None)).mode == "RGBA"


def test_the_same_picture_gives_the_same_bytes():
    for form in ImageFormat:
        first, second = (encode(picture(), form, xmp=XMP, max_kb=None) for _ in range(2))
        assert first == second


def test_more_pixels_than_a_format_can_have_are_refused_by_name():
    """Whatever else an encoder raises would have failed all files of the image."""
    with pytest.raises(AdFileFailed, match="16400×8 cannot be written as webp"):
        encode(Image.new("RGB", (16400, 8)), ImageFormat.WEBP, xmp=XMP, max_kb=None)
