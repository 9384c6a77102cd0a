"""The gallery, checked: families, layout, legibility, alpha, and that nothing ever varies."""

import io

import pytest
from PIL import Image
from studio_gallery import GALLERY

from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import pixels
from pipeline.imageserver.studio import proof
from pipeline.imageserver.studio.colors import READABLE
from pipeline.imageserver.studio.drawing.layouts import compose
from pipeline.imageserver.studio.drawing.scenery.props import footprint, place_props
from pipeline.imageserver.studio.scene.reading import read_prompt
from pipeline.imageserver.studio.scene.scene import Family

BY_NAME = {piece.name: piece for piece in GALLERY}
SAMPLE = ("soda-4x3", "volt", "velvet", "sale", "menu", "cutout-copy", "mango-arabic", "night")
"""What CI paints; the thorough sweep paints all."""

every_piece = pytest.mark.parametrize("piece", GALLERY, ids=lambda piece: piece.name)
a_sample = pytest.mark.parametrize("piece", [BY_NAME[name] for name in SAMPLE], ids=SAMPLE)


def stage_of(piece):
    scene = read_prompt(piece.order())
    return scene, compose(scene, *pixels(piece.ratio, PaintQuality.MEDIUM))


def test_the_gallery_shows_every_family():
    told = set(Family) - {Family.INPUT}
    assert {piece.family for piece in GALLERY} == {family.value for family in told}


@every_piece
def test_words_are_read_as_their_family(piece):
    assert read_prompt(piece.order()).family == piece.family


@every_piece
def test_copy_and_product_lie_inside_the_picture(piece):
    _, composition = stage_of(piece)
    boxes = [p.box for p in composition.copy] + (
        [composition.product_box] if composition.product_box.w else []
    )
    assert [box for box in boxes if not composition.frame.holds(box)] == []


@every_piece
def test_copy_touches_neither_the_product_nor_other_copy(piece):
    scene, composition = stage_of(piece)
    boxes = [p.box for p in composition.copy]
    if scene.family is not Family.WORDS:
        boxes.append(composition.product_box)
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]]
    assert [(a, b) for a, b in pairs if a.touches(b)] == []


@every_piece
def test_no_prop_lies_on_copy_or_out_of_the_picture(piece):
    scene, composition = stage_of(piece)
    props = [footprint(one, composition) for one in place_props(scene, composition)]
    astray = [box for box in props if not composition.frame.holds(box)]
    on_copy = [(box, p.text) for box in props for p in composition.copy if box.touches(p.box)]
    assert (astray, on_copy) == ([], [])


def check_painted(piece, quality):
    painting = proof.paint_picture(piece.order(quality))
    image, inkings = painting.image, painting.inks
    assert image.size == pixels(piece.ratio, quality)
    faint = [(i.piece.text, round(i.contrast, 2)) for i in inkings if i.contrast < READABLE]
    assert faint == []
    if piece.transparent:
        alpha = image.getchannel("A")
        assert (alpha.getpixel((0, 0)), alpha.getextrema()) == (0, (0, 255))
    else:
        assert image.mode == "RGB"


@a_sample
def test_a_sample_is_painted_legibly_in_the_pixels_asked_for(piece):
    check_painted(piece, PaintQuality.LOW)


@pytest.mark.parametrize("name", ["volt", "cutout-copy"])
def test_a_second_run_gives_the_same_bytes(name):
    order = BY_NAME[name].order()
    assert proof.paint(order).png == proof.paint(order).png


@pytest.mark.thorough
@every_piece
def test_every_picture_is_painted_legibly_in_the_pixels_asked_for(piece):
    check_painted(piece, PaintQuality.MEDIUM)


@pytest.mark.thorough
@every_piece
def test_every_picture_repeats_to_the_byte(piece):
    first = proof.paint(piece.order()).png
    assert Image.open(io.BytesIO(first)).size == pixels(piece.ratio, PaintQuality.LOW)
    assert proof.paint(piece.order()).png == first
