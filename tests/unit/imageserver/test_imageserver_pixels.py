import pytest

from pipeline.imageserver.painting.painter import PaintQuality
from pipeline.imageserver.painting.pixels import pixels

RATIOS = [(a, b) for a in range(1, 33) for b in range(1, 33) if max(a, b) <= 3 * min(a, b)]


def test_medium_is_the_published_table():
    assert pixels((4, 3), PaintQuality.MEDIUM) == (1024, 768)
    assert pixels((21, 9), PaintQuality.MEDIUM) == (2016, 864)
    assert pixels((9, 21), PaintQuality.MEDIUM) == (864, 2016)
    assert pixels((1, 2), PaintQuality.MEDIUM) == (1024, 2048)


def test_a_ratio_and_its_multiple_get_the_same_pixels():
    assert pixels((8, 6), PaintQuality.HIGH) == pixels((4, 3), PaintQuality.HIGH)


@pytest.mark.parametrize("quality", list(PaintQuality))
def test_every_ratio_up_to_3_to_1_is_kept_within_half_a_percent(quality):
    worst = max(abs(w / h / (a / b) - 1) for a, b in RATIOS for w, h in [pixels((a, b), quality)])
    assert worst <= 0.005


@pytest.mark.parametrize("quality", list(PaintQuality))
def test_sides_are_multiples_of_16_or_of_8(quality):
    assert {side % 8 for ratio in RATIOS for side in pixels(ratio, quality)} == {0}


def test_a_higher_quality_always_has_at_least_a_third_more_pixels():
    for ratio in RATIOS:
        low, medium, high = (w * h for w, h in (pixels(ratio, q) for q in PaintQuality))
        assert low * 4 / 3 < medium
        assert medium * 4 / 3 < high


def test_low_stays_near_0_41_megapixels_whatever_the_ratio():
    areas = [w * h for w, h in (pixels(ratio, PaintQuality.LOW) for ratio in RATIOS)]
    assert min(areas) > 0.3e6
    assert max(areas) < 0.55e6


@pytest.mark.parametrize("ratio", [(10, 3), (1, 4), (0, 1), (-1, 1)])
def test_a_steeper_or_senseless_ratio_has_no_pixels(ratio):
    with pytest.raises(ValueError, match="no pixels"):
        pixels(ratio, PaintQuality.LOW)
