"""The machine's verdicts over what decoding saw."""

import pytest

from pipeline.inspection.checks import CheckName, DecodedImage, checks, undecodable
from pipeline.model.artifact import Alpha
from pipeline.model.providers.request import Background


def look(width=1024, height=768, *, clear=0.0, spread=40.0):
    alpha = Alpha.USED if clear else Alpha.NONE
    return DecodedImage(width=width, height=height, alpha=alpha, clear=clear, spread=spread)


def failed(seen, size="4:3", background=Background.OPAQUE):
    return [
        check.name for check in checks(seen, size=size, background=background) if not check.passed
    ]


@pytest.mark.parametrize("background", list(Background))
def test_the_image_that_was_asked_for_passes_everything(background):
    seen = look(clear=0.6 if background is Background.TRANSPARENT else 0.0)
    assert failed(seen, background=background) == []


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [
        (1024, 768, "4:3"),
        (1536, 864, "16:9"),
        (864, 2016, "9:21"),
        (1024, 2048, "1:2"),
        (1030, 768, "4:3"),
        (1018, 768, "4:3"),
    ],
)
def test_a_ratio_within_one_per_cent_passes(width, height, size):
    assert failed(look(width, height), size) == []


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(768, 1024, "4:3"), (1024, 1024, "4:3"), (1040, 768, "4:3"), (1000, 768, "4:3")],
)
def test_another_ratio_is_flagged(width, height, size):
    assert failed(look(width, height), size) == [CheckName.RATIO]


def test_a_cut_out_without_transparency_is_flagged_and_says_that_it_is_painted():
    [check] = [
        check
        for check in checks(look(), size="4:3", background=Background.TRANSPARENT)
        if not check.passed
    ]
    assert (check.name, check.score, check.threshold) == (CheckName.ALPHA, 0.0, 0.01)
    assert "part of the image" in check.words


def test_holes_in_an_opaque_picture_are_flagged():
    assert failed(look(clear=0.3)) == [CheckName.ALPHA]


def test_one_flat_colour_is_flagged_as_blank():
    assert failed(look(spread=0.4)) == [CheckName.BLANK]


def test_what_cannot_be_decoded_fails_as_not_whole_and_nothing_else():
    assert [(check.name, check.passed) for check in undecodable()] == [(CheckName.WHOLE, False)]
