"""The subject of a picture, its colours, and likeness."""

import io

import pytest
from PIL import Image, ImageDraw, ImageFilter

from pipeline.inspection import palette
from pipeline.inspection.palette import palette_check, picture_colors
from pipeline.inspection.similarity import (
    difference_hash,
    different_bits,
    lowest_local_ssim,
)
from pipeline.lettering.box import Box
from pipeline.model.check import CheckOutcome


def picture(*, text=False, size=(640, 480)):
    """A bottle on a wall with a slow gradient."""
    image = Image.linear_gradient("L").resize(size).point(lambda v: 170 + v // 8).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((100, 120, 220, 420), fill="#703810")
    draw.rectangle((110, 220, 210, 320), fill="#f0e0c0")
    if text:
        draw.rectangle((330, 60, 620, 160), fill="#101010")
    return image


def recompressed(image, quality):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out)


def test_the_subject_is_what_stands_out():
    subject = pytest.importorskip("pipeline.inspection.subject")
    box = subject.subject_box(picture(), ())
    assert box.holds(Box(100, 120, 120, 300), slack=4)
    assert box.area < 1.6 * 120 * 300


def test_copy_is_no_part_of_the_subject():
    subject = pytest.importorskip("pipeline.inspection.subject")
    box = subject.subject_box(picture(text=True), (Box(320, 50, 310, 120),))
    assert box.right < 330


@pytest.mark.parametrize("image", [Image.new("RGB", (300, 20), "red"), Image.new("RGB", (3, 3))])
def test_a_flat_picture_has_no_subject(image):
    subject = pytest.importorskip("pipeline.inspection.subject")
    assert subject.subject_box(image, ()) is None


def test_a_picture_has_the_colours_it_shows():
    colors = picture_colors(picture())
    assert 2 <= len(colors) <= palette.COLORS
    assert any(palette._distance(color, "#703810") < 3 for color in colors)


def test_clear_pixels_of_a_cut_out_have_no_colour():
    cut = Image.new("RGBA", (200, 200), (255, 0, 0, 0))
    cut.paste((0, 0, 255, 255), (50, 50, 150, 150))
    assert picture_colors(cut) == ("#0000ff",)
    assert picture_colors(Image.new("RGBA", (8, 8), (9, 9, 9, 0))) == ("#000000",)


def test_every_colour_of_the_brand_has_to_be_near():
    pytest.importorskip("coloraide")
    colors = ("#ff5a1f", "#ffffff")
    assert palette_check(["#ff5c22"], colors).result is CheckOutcome.PASS
    missed = palette_check(["#ff5a1f", "#123a2c"], colors)
    assert (missed.result, missed.score) == (CheckOutcome.FAIL, 0.5)
    assert missed.seen.startswith("#123a2c is ")


def test_without_the_package_colours_are_not_looked_for(monkeypatch):
    monkeypatch.setattr(palette, "is_installed", lambda *_: False)
    found = palette_check(["#ff5a1f"], ("#ff5a1f",))
    assert found.result is CheckOutcome.NOT_LOOKED_FOR
    assert "pip install" in found.seen


def test_the_hash_survives_recompression_and_tells_pictures_apart():
    image = picture(text=True)
    same = [recompressed(image, 30), image.resize((200, 150)), image.convert("RGBA")]
    assert max(different_bits(difference_hash(image), difference_hash(one)) for one in same) <= 5
    other = difference_hash(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert different_bits(difference_hash(image), other) > 5


def test_likeness_is_that_of_the_place_that_differs_most():
    pytest.importorskip("numpy")
    image = picture(text=True)
    assert lowest_local_ssim(image, recompressed(image, 90)) > 0.75
    assert lowest_local_ssim(image, image.filter(ImageFilter.GaussianBlur(0.7))) > 0.75
    assert lowest_local_ssim(image, picture()) < 0.5
