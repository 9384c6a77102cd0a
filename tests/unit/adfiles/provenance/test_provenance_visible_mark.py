"""The visible mark: inside the safe zone, beside copy and product, legible on every picture."""

import pytest
from PIL import Image

from pipeline.adfiles.overlay.contrast import contrast, luminance
from pipeline.adfiles.provenance.visible_mark import INK, PAPER, draw_mark, mark_place
from pipeline.lettering.box import Box

STORY = (0.14, 0.06, 0.35, 0.06)
SIZES = [(1080, 1920), (300, 250), (728, 90), (320, 50), (160, 600), (2400, 800)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("safe", [(0.0, 0.0, 0.0, 0.0), STORY])
def test_it_lies_inside_the_safe_zone(size, safe):
    if safe is STORY and min(size) < 150:
        pytest.skip("no strip has a zone like this")
    place = mark_place(size, safe, [])
    zone = Box(
        safe[3] * size[0],
        safe[0] * size[1],
        (1 - safe[1] - safe[3]) * size[0],
        (1 - safe[0] - safe[2]) * size[1],
    )
    assert zone.holds(place)
    assert place.h >= 14


def test_it_stays_clear_of_copy_and_product_where_a_corner_is_free():
    size = (300, 250)
    taken = [Box(200, 180, 100, 70), Box(0, 180, 120, 70)]
    place = mark_place(size, (0.0,) * 4, taken)
    assert not any(place.touches(box) for box in taken)
    assert place.y < 125


@pytest.mark.parametrize("color", ["white", "black", "#777777", "#ff5a1f", "#1144cc"])
@pytest.mark.parametrize("size", [(320, 50), (300, 250), (1080, 1080)])
def test_its_letters_have_a_contrast_of_at_least_four_and_a_half(color, size):
    marked = draw_mark(Image.new("RGB", size, color), (0.0,) * 4, [])
    place = mark_place(size, (0.0,) * 4, [])
    inside = marked.crop(tuple(map(round, (place.x, place.y, place.right, place.bottom))))
    lights = sorted(
        luminance(color) for count, color in inside.getcolors(9999) for _ in range(count)
    )
    assert contrast(lights[len(lights) // 10], lights[-len(lights) // 10]) >= 4.5
    assert contrast(luminance(INK), luminance(PAPER)) >= 4.5
    outside = marked.copy()
    outside.paste(color, tuple(map(round, (place.x, place.y, place.right + 1, place.bottom + 1))))
    assert outside.getcolors() == [(size[0] * size[1], outside.getpixel((0, 0)))]


def test_it_is_seen_on_transparent_pixels_too():
    marked = draw_mark(Image.new("RGBA", (300, 300), (0, 0, 0, 0)), (0.0,) * 4, [])
    place = mark_place((300, 300), (0.0,) * 4, [])
    assert marked.getpixel((round(place.cx), round(place.y) + 2))[3] == 255
    assert marked.getpixel((5, 5)) == (0, 0, 0, 0)
