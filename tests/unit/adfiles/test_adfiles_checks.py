"""The checks of ad files: what is measured, and the results that a rule makes of it."""

import pytest
from PIL import Image, ImageDraw

from pipeline.adfiles.checks import NO_SHOP, CutPicture, ShopRules, ad_file_checks
from pipeline.adfiles.framing import frame_image
from pipeline.adfiles.window import SourceShape, Target, plan_window
from pipeline.lettering.box import Box
from pipeline.model.adfiles.ad_file import FileLabels, Recipe
from pipeline.model.adfiles.placement import Fit, ImageFormat
from pipeline.model.check import (
    CampaignCheck,
    CheckOutcome,
    CheckRule,
    OnMiss,
    check_fields,
    check_result,
    measured,
    under_rules,
    unmeasured,
)

SIZE = (800, 600)
COPY, PRODUCT = Box(420, 100, 340, 120), Box(80, 100, 200, 420)
LINES = (Box(420, 100, 340, 50), Box(420, 170, 200, 40))


def results(
    *, pixels=(400, 300), ink="#101010", ground="#e8d8c0", shop=NO_SHOP, shape=None, **more
):
    """The results of all checks, by name."""
    lines = more.pop("lines", LINES)
    image = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(image)
    for line in LINES:
        for x in range(int(line.x), int(line.right), 12):
            draw.rectangle((x, line.y, x + 5, line.bottom), fill=ink)
    draw.rectangle((80, 100, 279, 519), fill="#703810")
    source = shape or SourceShape(width=800, height=600, copy=(COPY,), product=PRODUCT)
    recipe = Recipe(
        source_sha256="ab" * 32,
        placement="p",
        pixels=pixels,
        format=ImageFormat.PNG,
        labels=FileLabels(source_type="x"),
        **more,
    )
    target = Target(width=pixels[0], height=pixels[1], safe=recipe.safe, fit=recipe.fit)
    planned = plan_window(source, target)
    picture = frame_image(image, planned, pixels)
    cut = CutPicture(recipe=recipe, shape=source, planned=planned, picture=picture)
    return {one.check: one for one in ad_file_checks(cut, lines=lines, shop=shop)}


def outcomes(**more):
    return {str(check): str(one.result) for check, one in results(**more).items()}


def test_an_ad_file_that_shows_everything_passes():
    assert outcomes() == {
        "legible": "pass",
        "safe_zone": "pass",
        "contrast": "pass",
        "whole": "pass",
    }


@pytest.mark.parametrize(
    ("width", "height", "result"), [(200, 150, "pass"), (160, 120, "flag"), (120, 90, "fail")]
)
def test_lines_below_nine_pixels_are_flagged_and_below_seven_fail(width, height, result):
    """The lower line is 10, 8 and 6 pixels high."""
    found = results(pixels=(width, height))[CampaignCheck.LEGIBLE]
    assert found.result == result
    assert found.score == pytest.approx(40 * width / 800)
    assert found.seen.startswith(f"the lowest line is {40 * width / 800:.1f} pixels high")


def test_copy_outside_the_safe_zone_is_measured():
    found = results(safe=(0.0, 0.5, 0.0, 0.0), fit=Fit.CROP)[CampaignCheck.SAFE_ZONE]
    assert (found.result, found.score) == (CheckOutcome.FAIL, 0.0)


def test_a_cut_product_is_measured():
    found = results(pixels=(150, 600), fit=Fit.CROP)[CampaignCheck.WHOLE]
    assert found.result is CheckOutcome.FAIL
    assert found.score < 0.98


def test_boxes_that_a_person_drew_are_what_has_to_be_whole():
    found = results(pixels=(150, 600), fit=Fit.CROP, keep=((0.45, 0.45, 0.02, 0.02),))
    assert found[CampaignCheck.WHOLE].result is CheckOutcome.PASS


@pytest.mark.parametrize(
    ("ink", "result"), [("#101010", "pass"), ("#a09080", "fail"), ("#e8d8c0", "fail")]
)
def test_pale_copy_has_too_little_contrast(ink, result):
    found = results(ink=ink)[CampaignCheck.CONTRAST]
    assert found.result == result
    assert (found.score < 4.5) is (result == "fail")


def test_black_on_white_has_the_highest_contrast():
    found = results(ink="#000000", ground="#ffffff", pixels=SIZE)
    assert found[CampaignCheck.CONTRAST].score == pytest.approx(21, abs=0.1)


def test_without_lines_or_boxes_the_checks_say_what_they_need():
    blind = SourceShape(width=800, height=600, copy=None)
    found = results(shape=blind, lines=None, safe=(0.1, 0.0, 0.0, 0.0))
    assert {one.result for one in found.values()} == {CheckOutcome.NOT_LOOKED_FOR}
    assert all("pip install 'campaign-pipeline[ads]'" in one.seen for one in found.values())


def test_a_picture_without_copy_passes_every_check_of_copy():
    bare = SourceShape(width=800, height=600, copy=(), product=PRODUCT)
    found = results(shape=bare, lines=())
    assert {one.result for one in found.values()} == {CheckOutcome.PASS}


@pytest.mark.parametrize(
    ("shop", "seen"),
    [
        (ShopRules(text=False), "there is text beside the product"),
        (ShopRules(background="#ffffff"), "the border is not #ffffff everywhere"),
        (ShopRules(background="#ebd8c0", fill=0.7), "as asked"),  # nobody sees 3 levels
        (ShopRules(background="#ecd8c0"), "the border is not #ecd8c0 everywhere"),
        (ShopRules(fill=0.85), "the product takes 70% of the frame instead of 85%"),
        (ShopRules(background="#e8d8c0", fill=0.7), "as asked"),
    ],
)
def test_a_shop_asks_for_no_text_a_plain_ground_and_a_large_product(shop, seen):
    found = results(shop=shop)[CampaignCheck.SHOP]
    assert found.seen == seen
    assert (found.result is CheckOutcome.PASS) is (seen == "as asked")


def test_a_label_on_the_product_is_no_text_beside_it():
    label = SourceShape(width=800, height=600, copy=(Box(100, 200, 160, 60),), product=PRODUCT)
    found = results(shape=label, shop=ShopRules(text=False))[CampaignCheck.SHOP]
    assert found.result is CheckOutcome.PASS


MISSED = measured(CampaignCheck.TEXT, 0.5, "BERRY not found")


@pytest.mark.parametrize(
    ("on_miss", "result"), [("flag", "flag"), ("fail", "fail"), ("reroll", "flag")]
)
def test_a_miss_fails_only_if_the_campaign_says_so(on_miss, result):
    rules = {CampaignCheck.TEXT: CheckRule(on_miss=OnMiss(on_miss), rerolls=1)}
    (found,) = under_rules([MISSED, measured(CampaignCheck.WHOLE, 0.0, "")], rules)
    assert found.result == result
    assert found.needs_a_look is (result == "flag")


@pytest.mark.parametrize("outcome", [CheckOutcome.UNREAD, CheckOutcome.NOT_LOOKED_FOR])
def test_what_could_not_be_measured_never_fails(outcome):
    rules = {CampaignCheck.TEXT: CheckRule(on_miss=OnMiss.FAIL)}
    (found,) = under_rules([unmeasured(CampaignCheck.TEXT, outcome, "why")], rules)
    assert found.result is outcome
    assert found.needs_a_look is (outcome is CheckOutcome.NOT_LOOKED_FOR)


def test_a_result_survives_its_json():
    assert check_result(check_fields(MISSED)) == MISSED
    assert str(MISSED) == "text: BERRY not found"
