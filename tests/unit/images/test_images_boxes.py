"""Boxes that a picture carries, and those that are not believed."""

import io
import json

import pytest
from PIL import Image, PngImagePlugin

from pipeline.images.boxes import PictureBoxes, read_boxes
from pipeline.imageserver.painting.conversion import resized, transcode
from pipeline.imageserver.painting.painter import PaintOrder, PaintQuality
from pipeline.imageserver.studio import proof
from pipeline.lettering.box import Box

SOUND = {"size": [100, 50], "copy": [[1, 2, 30, 10]], "product": [50, 5, 20, 40]}


def picture(text, *, size=(100, 50)):
    out, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    texts.add_itxt("boxes", text)
    Image.new("RGB", size).save(out, "PNG", pnginfo=texts)
    return Image.open(io.BytesIO(out.getvalue()))


def test_boxes_are_read_and_scaled_to_the_picture():
    assert read_boxes(picture(json.dumps(SOUND))) == PictureBoxes(
        copy=(Box(1, 2, 30, 10),), product=Box(50, 5, 20, 40)
    )
    double = read_boxes(picture(json.dumps(SOUND), size=(200, 100)))
    assert double.product == Box(100, 10, 40, 80)
    none = read_boxes(picture(json.dumps({**SOUND, "copy": [], "product": None})))
    assert none == PictureBoxes()


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "{}",
        json.dumps({**SOUND, "size": [0, 0]}),
        json.dumps({**SOUND, "copy": [[1, 2, 3]]}),
        json.dumps({**SOUND, "copy": [[1, 2, 3, "x"]]}),
        json.dumps({**SOUND, "copy": [[1, 2, 3, -4]]}),
        json.dumps({**SOUND, "copy": [[0, 0, 1, 1]] * 201}),
        json.dumps({**SOUND, "product": [1, 2, float("inf"), 4]}),
        "[" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_sound_counts_as_no_boxes(text):
    assert read_boxes(picture(text)) is None


def test_a_picture_without_boxes_has_none():
    assert read_boxes(Image.new("RGB", (4, 4))) is None


def test_the_image_server_writes_the_boxes_of_copy_and_product_into_every_format():
    order = PaintOrder(
        prompt='A photo of a glass bottle of tea on a table, headline "HOT TEA" and button "Buy"',
        ratio=(4, 3),
        quality=PaintQuality.LOW,
    )
    painted = proof.paint(order)
    found = read_boxes(Image.open(io.BytesIO(painted.png)))
    assert len(found.copy) == 2
    frame = Box(0, 0, painted.width, painted.height)
    assert all(frame.holds(box) for box in (*found.copy, found.product))
    for kind in ("jpeg", "webp"):
        content = transcode(painted.png, kind=kind, quality=80)
        assert read_boxes(Image.open(io.BytesIO(content))) == found
    small = read_boxes(Image.open(io.BytesIO(resized(painted, (320, 240)).png)))
    assert abs(small.product.x - found.product.x * 320 / painted.width) < 0.5


def test_the_box_of_a_cut_out_is_that_of_its_pixels():
    prompt = "A photo of a glass bottle of tea, isolated, no props"
    order = PaintOrder(prompt=prompt, ratio=(1, 1), quality=PaintQuality.LOW, transparent=True)
    image = Image.open(io.BytesIO(proof.paint(order).png))
    solid = image.getchannel("A").point(lambda level: 255 if level > 160 else 0).getbbox()
    box = read_boxes(image).product
    assert (
        max(abs(a - b) for a, b in zip(solid, (box.x, box.y, box.right, box.bottom), strict=True))
        < 4
    )
