"""The crop planner: windows that hold copy and product, and what a person is told of them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adfiles.window import (
    ALL_EDGES,
    WHOLE,
    Edge,
    SourceShape,
    Target,
    plan_window,
    safe_zone,
)
from pipeline.lettering.box import Box
from pipeline.model.adfiles.ad_file import Flag, Framing
from pipeline.model.adfiles.placement import Fit

STORY_ZONE = (0.14, 0.0, 0.20, 0.0)
REEL_ZONE = (0.14, 0.06, 0.35, 0.06)


def square(**more):
    """A picture of 1000 by 1000 with its headline at the right and a bottle at the left."""
    more.setdefault("smooth_edges", more.get("fit_edges", ALL_EDGES))
    settings = {
        "width": 1000,
        "height": 1000,
        "copy": (Box(520, 300, 400, 200),),
        "product": Box(100, 150, 250, 700),
        **more,
    }
    return SourceShape(**settings)


def tall(**more):
    """A picture of 1024 by 2048 with its headline right at the top, as finals have it."""
    settings = {
        "width": 1024,
        "height": 2048,
        "copy": (Box(150, 120, 720, 380),),
        "product": Box(350, 700, 320, 1100),
        **more,
    }
    return SourceShape(**settings)


def share(box, other):
    x, y = max(box.x, other.x), max(box.y, other.y)
    w = min(box.right, other.right) - x
    h = min(box.bottom, other.bottom) - y
    return max(0.0, w) * max(0.0, h) / (box.w * box.h)


def test_a_picture_of_the_right_shape_is_only_scaled():
    planned = plan_window(square(), Target(width=500, height=500))
    assert (planned.framing, planned.kept, planned.extended) == (Framing.SCALED, 1.0, 0.0)
    assert (planned.scale, planned.flags) == (0.5, ())


def test_a_story_holds_its_headline_below_the_bar_at_the_top():
    """All 28 vertical finals of a trial had their headline under the story's top bar."""
    shape = tall()
    planned = plan_window(shape, Target(width=1080, height=1920, safe=STORY_ZONE))
    zone = safe_zone(planned.window, STORY_ZONE)
    assert planned.framing is Framing.EXTENDED
    assert planned.window.y < 0
    assert zone.holds(shape.copy[0])
    assert planned.window.holds(shape.product)
    assert (planned.flags, planned.extended < 0.25) == ((), True)


def test_copy_that_would_be_cut_is_kept_by_reaching_beyond_the_edges():
    shape = square()
    planned = plan_window(shape, Target(width=600, height=1200))
    assert planned.framing is Framing.EXTENDED
    assert all(planned.window.holds(box) for box in (*shape.copy, shape.product))


def test_a_crop_that_holds_everything_with_room_is_no_extension():
    shape = square(copy=(Box(450, 400, 150, 100),), product=Box(300, 350, 100, 300))
    planned = plan_window(shape, Target(width=800, height=1000))
    assert (planned.framing, planned.extended, planned.flags) == (Framing.CROPPED, 0.0, ())


def test_a_long_extension_is_for_a_person_to_look_at():
    planned = plan_window(square(), Target(width=728, height=90))
    assert planned.flags == (Flag.LONG_EXTENSION,)
    assert planned.extended > 0.8


def test_without_boxes_nothing_is_cut_and_a_person_has_to_look():
    shape = square(copy=None, product=None)
    planned = plan_window(shape, Target(width=800, height=1000))
    assert (planned.framing, planned.kept) == (Framing.EXTENDED, 1.0)
    assert planned.flags == (Flag.NOT_LOOKED_FOR,)
    same = plan_window(shape, Target(width=300, height=300))
    assert (same.framing, same.flags) == (Framing.SCALED, ())
    zone = plan_window(shape, Target(width=300, height=300, safe=STORY_ZONE))
    assert zone.flags == (Flag.NOT_LOOKED_FOR,)


def test_edges_that_cannot_be_continued_are_cut_or_padded_and_told():
    """A saliency window keeps 76 to 78 % of photos whole: nobody is good, so people look."""
    photo = square(fit_edges=frozenset(), copy=(), product=Box(100, 150, 800, 700))
    planned = plan_window(photo, Target(width=500, height=1000))
    assert planned.framing is Framing.CROPPED
    assert planned.flags == (Flag.UNSURE, Flag.CUT)
    words = square(fit_edges=frozenset())
    planned = plan_window(words, Target(width=300, height=1000))
    assert (planned.framing, planned.flags) == (Framing.PADDED, (Flag.PADDED,))


def test_what_is_beyond_the_picture_moves_to_the_edge_that_can_be_continued():
    shape = square(fit_edges=ALL_EDGES - {Edge.BOTTOM})
    planned = plan_window(shape, Target(width=900, height=1000))
    assert planned.framing is Framing.EXTENDED
    assert planned.window.y < 0
    assert planned.window.bottom <= 1000.5


def test_only_smooth_edges_are_continued_for_more_room():
    """A disc that meets both sides of a story was drawn outwards as two bars."""
    target = Target(width=1080, height=1920, safe=STORY_ZONE)
    product = Box(350, 700, 320, 1000)
    rough = frozenset({Edge.TOP, Edge.BOTTOM})
    roomy = plan_window(tall(product=product), target)
    tight = plan_window(tall(product=product, smooth_edges=rough), target)
    assert tight.window.w < roomy.window.w
    assert (tight.framing, tight.flags) == (Framing.EXTENDED, ())


def test_a_rough_edge_of_a_photo_is_continued_only_a_little():
    """Bricks at the rim of a photo were drawn outwards over half of a banner."""
    photo = square(copy=None, product=None, smooth_edges=frozenset())
    short = plan_window(photo, Target(width=900, height=1000))
    assert (short.framing, short.flags) == (Framing.EXTENDED, (Flag.NOT_LOOKED_FOR,))
    long = plan_window(photo, Target(width=300, height=1000))
    assert (long.framing, Flag.UNSURE in long.flags) == (Framing.CROPPED, True)
    known = plan_window(square(smooth_edges=frozenset()), Target(width=300, height=1000))
    assert known.framing is Framing.EXTENDED


def test_a_visible_continuation_of_a_rough_edge_is_for_a_person_to_look_at():
    """A sixth of a banner was a smear of bricks, without a flag: its picture had been read."""
    bricks = square(copy=(), product=None, smooth_edges=frozenset(), fit_edges=ALL_EDGES)
    wide = {"width": 1180, "height": 1000, "keep": (Box(0, 0, 1000, 1000),)}
    assert plan_window(bricks, Target(**wide)).flags == ()
    assert plan_window(bricks, Target(**wide | {"width": 1500})).flags == (Flag.UNSURE,)


def test_a_person_decides_how_a_picture_is_fitted():
    target = {"width": 500, "height": 1000}
    crop = plan_window(square(), Target(**target, fit=Fit.CROP))
    assert (crop.framing, crop.flags) == (Framing.CROPPED, (Flag.CUT,))
    pad = plan_window(square(), Target(**target, fit=Fit.PAD))
    assert (pad.framing, pad.flags) == (Framing.PADDED, (Flag.PADDED,))
    photo = square(fit_edges=frozenset())
    extend = plan_window(photo, Target(**target, fit=Fit.EXTEND))
    assert extend.framing is Framing.EXTENDED
    assert Flag.UNSURE in extend.flags


def test_boxes_that_a_person_drew_replace_those_that_were_found():
    drawn = Box(700, 700, 200, 200)
    planned = plan_window(
        square(copy=None), Target(width=500, height=1000, keep=(drawn,), fit=Fit.CROP)
    )
    assert planned.window.holds(drawn)
    assert planned.flags == ()


def test_a_point_that_a_person_named_is_the_middle():
    planned = plan_window(square(copy=None), Target(width=400, height=1000, focus=(700, 500)))
    assert abs(planned.window.cx - 700) < 1
    assert Flag.NOT_LOOKED_FOR not in planned.flags


def test_a_picture_with_too_few_pixels_is_not_enlarged_silently():
    planned = plan_window(square(), Target(width=2000, height=2000))
    assert (planned.scale, planned.flags) == (2.0, (Flag.UPSCALED,))


SIDES = st.floats(0.05, 0.9)


@given(
    ratio=st.sampled_from([(1, 1), (4, 3), (16, 9), (1, 2), (2, 1), (9, 21)]),
    pixels=st.sampled_from([(1080, 1920), (300, 250), (728, 90), (160, 600), (1200, 628)]),
    safe=st.sampled_from([(0.0,) * 4, STORY_ZONE, REEL_ZONE]),
    copy=st.tuples(SIDES, SIDES, SIDES, SIDES),
    product=st.tuples(SIDES, SIDES, SIDES, SIDES),
)
def test_wherever_they_are_copy_and_product_stay_whole(*, ratio, pixels, safe, copy, product):
    """With boxes and edges that can be continued, this holds for every picture and placement."""
    width, height = 1000 * ratio[0] // max(ratio), 1000 * ratio[1] // max(ratio)

    def placed(sides):
        x, y, w, h = sides
        return Box(x * width, y * height, min(w, 1 - x) * width, min(h, 1 - y) * height)

    shape = SourceShape(width=width, height=height, copy=(placed(copy),), product=placed(product))
    planned = plan_window(shape, Target(width=pixels[0], height=pixels[1], safe=safe))
    assert abs(planned.window.w / planned.window.h / (pixels[0] / pixels[1]) - 1) < 1e-6
    assert share(shape.product, planned.window) > WHOLE
    assert share(shape.copy[0], safe_zone(planned.window, safe)) > WHOLE
    assert not {Flag.CUT, Flag.OUTSIDE_SAFE_ZONE} & set(planned.flags)


def test_an_edge_that_would_show_a_kink_is_continued_as_little_as_possible():
    """A disc touched both sides of a story picture, and its outline went on horizontally.

    The copy has to keep clear of the top, so the window is higher and wider than the picture. With
    no space round the boxes, it reaches 12 pixels beyond each side instead of 37.
    """
    shape = SourceShape(
        width=1248,
        height=2496,
        copy=(Box(93.6, 187.2, 1060.8, 239.4),),
        product=Box(387, 520, 475, 1613),
        smooth_edges=frozenset({Edge.TOP, Edge.BOTTOM}),
    )
    target = Target(width=1080, height=1920, safe=STORY_ZONE)
    rough = plan_window(shape, target).window
    smooth = plan_window(replace(shape, smooth_edges=ALL_EDGES), target).window
    assert rough.x == pytest.approx(-12.3, abs=0.1)
    assert smooth.x < 2 * rough.x
