"""Edits: a cut-out stands in the scene, a picture is kept and carries the copy."""

import io

import pytest
from PIL import Image, ImageDraw, ImageStat

from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality, UnpaintableError
from pipeline.imageserver.studio import proof


def png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def cutout():
    image = Image.new("RGBA", (300, 400))
    ImageDraw.Draw(image).rounded_rectangle((60, 40, 240, 380), 30, fill=(20, 160, 60, 255))
    return png(image)


def photo(size=(400, 300), color=(40, 90, 200)):
    return png(Image.new("RGB", size, color))


def edit(prompt, reference, **more):
    settings = {"ratio": (4, 3), "quality": PaintQuality.LOW, **more}
    order = PaintOrder(prompt=prompt, references=(reference,), **settings)
    painting = proof.paint_picture(order)
    return painting.image, painting.inks


def is_green(pixel):
    return pixel[1] > 1.4 * max(pixel[0], pixel[2])


def test_a_given_cutout_becomes_the_product_of_the_scene():
    image, _ = edit("Put it on a marble table", cutout())
    middle = image.getpixel((image.width // 2, round(image.height * 0.55)))
    assert is_green(middle)
    assert not is_green(image.getpixel((10, 10)))


def test_a_given_cutout_stays_a_cutout_where_that_is_asked_for():
    image, _ = edit("The same", cutout(), transparent=True)
    assert image.getchannel("A").getextrema() == (0, 255)


def test_a_given_picture_is_kept_under_its_copy():
    image, draw_copy = edit('Add the headline "Blue hour"', photo())
    corner = image.getpixel((2, image.height - 2))
    assert corner == (40, 90, 200)
    assert [i.piece.text for i in draw_copy] == ["Blue hour"]


def test_copy_over_a_given_picture_is_legible():
    _, draw_copy = edit(
        'Add the headline "Blue hour" and the button "Go"', photo(color=(120, 120, 120))
    )
    assert min(i.contrast for i in draw_copy) >= 4.5


def test_copy_goes_where_a_picture_is_calm():
    noisy = Image.new("RGB", (400, 300), "#dddddd")
    draw = ImageDraw.Draw(noisy)
    for x in range(0, 200, 6):
        draw.line((x, 0, x, 300), fill="#222222", width=3)
    _, draw_copy = edit('Add the headline "Quiet"', png(noisy))
    assert draw_copy[0].piece.box.x > 640 * 0.4


def test_a_mask_says_what_is_painted_anew():
    mask = Image.new("RGBA", (400, 300), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((0, 0, 199, 299), fill=(0, 0, 0, 0))
    image, _ = edit("A can, white background", photo(), mask=png(mask))
    kept = image.crop((image.width * 3 // 4, 0, image.width, image.height))
    new = image.crop((0, 0, image.width // 4, image.height))
    assert ImageStat.Stat(kept).stddev == [0, 0, 0]
    assert ImageStat.Stat(new).mean[0] > 100


def test_a_picture_without_transparency_cannot_become_a_cutout():
    with pytest.raises(UnpaintableError) as refusal:
        edit("Cut it out", photo(), transparent=True)
    assert "cut-out" in refusal.value.hint


@pytest.mark.parametrize("content", [b"", b"not an image", cutout()[:200]])
def test_what_is_no_image_is_refused(content):
    with pytest.raises(UnpaintableError, match="cannot be read"):
        edit("Anything", content)


def test_an_image_that_shows_nothing_is_refused():
    with pytest.raises(UnpaintableError, match="wholly transparent"):
        edit("Anything", png(Image.new("RGBA", (20, 20))))


def test_another_image_is_another_scene():
    first, _ = edit("A marble table", cutout())
    second, _ = edit("A marble table", photo())
    assert first.tobytes() != second.tobytes()
