"""Boxes, paths and the SVG document."""

import pytest
import resvg_py

from pipeline.imageserver.studio.vector.lathe import lathe, radius_at, smooth, strip
from pipeline.imageserver.studio.vector.shapes import rect, rounded
from pipeline.imageserver.studio.vector.svg import Svg
from pipeline.lettering.box import Box, around
from pipeline.lettering.path import Path, number

BOTTLE = ((30, 0), (36, 9), (36, 118), (14, 207), (14, 231))


def test_boxes_that_share_an_edge_do_not_touch():
    assert not Box(0, 0, 10, 10).touches(Box(10, 0, 10, 10))


def test_around_holds_every_box():
    boxes = [Box(0, 5, 2, 2), Box(9, 1, 3, 3)]
    assert around(boxes) == Box(0, 1, 12, 6)


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (-0.001, "0"), (2.345, "2.35"), (-1.5, "-1.5"), (100, "100")]
)
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_a_moved_path_leaves_the_first_one_alone():
    path = rect(0, 0, 4, 2)
    assert (path.moved(10, 0).box(), path.box()) == (Box(10, 0, 4, 2), Box(0, 0, 4, 2))


def test_refining_bends_what_was_straight():
    bent = rect(-10, 0, 20, 1).refined(2).bent(lambda x, y: (x, y + x * x / 100))
    assert bent.box().h == pytest.approx(2, abs=0.1)


def test_a_smoothed_profile_never_overshoots():
    radii = [r for r, _ in smooth(BOTTLE)]
    assert (min(radii), max(radii)) == (pytest.approx(14), pytest.approx(36))


def test_a_silhouette_is_as_wide_as_its_profile():
    assert lathe(BOTTLE).box().w == pytest.approx(72)


def test_a_strip_follows_the_profile():
    box = strip(BOTTLE, (10, 230), (-0.8, -0.6)).box()
    assert (box.x, box.right) == (pytest.approx(-28.8, abs=0.1), pytest.approx(-8.4, abs=0.1))


def test_the_radius_between_two_points_is_interpolated():
    assert radius_at(4.5, BOTTLE) == pytest.approx(33)


def test_equal_gradients_are_written_once():
    svg = Svg(Box(0, 0, 10, 10))
    fills = {svg.lin(["#000000", "#ffffff"]) for _ in range(3)}
    assert (len(fills), svg.text().count("<linearGradient")) == (1, 1)


def test_a_document_shows_only_its_frame():
    svg = Svg(Box(5, 6, 20, 10))
    assert 'viewBox="5 6 20 10"' in svg.text()


def test_every_definition_is_understood_by_the_rasteriser():
    svg = Svg(Box(0, 0, 20, 20))
    whole = rounded(1, 1, 18, 18, r=3)
    with (
        svg.group(clip_path=svg.clip(whole), filter=svg.blur(1)),
        svg.group(mask=svg.fade(Box(0, 0, 20, 20), 1, 0)),
        svg.at(2, 2, 0.5, angle=10, tall=-1),
    ):
        svg.draw(whole, svg.rad([("#ff0000", 0.5), ("#00ff00", 1, 0.4), "#0000ff"]))
        svg.stroke(Path().move(0, 0).quad(5, 5, 10, 0).close(), "#123456", 2, 0.5)
    assert bytes(resvg_py.svg_to_bytes(svg_string=svg.text(), skip_system_fonts=True))[:4] == (
        b"\x89PNG"
    )
