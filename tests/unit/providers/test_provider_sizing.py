"""What a ratio becomes on the wire."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model.providers.profile import Caps, Support, caps_in_common
from pipeline.model.providers.sizing import (
    Listed,
    Pixels,
    Ratios,
    nearest_ratio,
    sides_of,
    wire_size,
)

TABLE = {
    "1:1": "1024x1024",
    "3:2": "1536x1024",
    "2:3": "1024x1536",
    "4:3": "1024x768",
    "3:4": "768x1024",
    "5:4": "1280x1024",
    "4:5": "1024x1280",
    "16:9": "1536x864",
    "9:16": "864x1536",
    "2:1": "2048x1024",
    "1:2": "1024x2048",
    "21:9": "2016x864",
    "9:21": "864x2016",
}
THREE = Listed(sizes=("1024x1024", "1536x1024", "1024x1536"))


@pytest.mark.parametrize(("ratio", "size"), TABLE.items())
def test_the_table_of_pixels(ratio, size):
    assert wire_size(Pixels(), ratio) == size
    assert wire_size(Ratios(), ratio) == ratio


def test_a_ratio_outside_the_table_is_about_a_megapixel():
    assert wire_size(Pixels(), "3:1") == "1776x592"
    assert wire_size(Pixels(), "40:33") == "1120x928"


@pytest.mark.parametrize("ratio", ["4:1", "1:4", "10:1"])
def test_a_ratio_that_is_too_long_is_none(ratio):
    assert wire_size(Pixels(), ratio) is None


def test_a_list_of_sizes_takes_only_their_ratios():
    assert [wire_size(THREE, ratio) for ratio in ("1:1", "3:2", "2:3", "6:4", "16:9")] == [
        *("1024x1024", "1536x1024", "1024x1536", "1536x1024"),
        None,
    ]
    assert nearest_ratio(THREE, "16:9", ("1:1", "3:2", "2:3")) == "3:2"


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from([8, 16, 32, 64]))
def test_pixels_are_within_the_limits_and_near_the_ratio(wide, high, step):
    limits = Pixels(step=step)
    size = wire_size(limits, f"{wide}:{high}")
    if size is None:
        assert step >= 32 or max(wide / high, high / wide) > limits.ratio * 0.995
        return
    width, height = sides_of(size)
    assert width % step == height % step == 0
    assert limits.least <= width * height <= limits.most
    assert max(width, height) <= min(limits.edge, limits.ratio * min(width, height))
    assert abs(Fraction(width, height) / Fraction(wide, high) - 1) <= Fraction(5, 1000)


def test_what_several_models_have_in_common():
    loose = Caps(ratios=("1:1", "3:2", "16:9"), references=Support.YES, longest_prompt=100)
    tight = Caps(
        ratios=("2:3", "3:2", "1:1"),
        ratios_only=True,
        transparent=Support.PREVIEW,
        references=Support.YES,
        most_references=4,
    )
    both = caps_in_common([loose, tight])
    assert (both.ratios, both.ratios_only) == (("1:1", "3:2"), True)
    assert (both.transparent, both.references) == (Support.PREVIEW, Support.YES)
    assert (both.longest_prompt, both.most_references) == (100, 4)
    assert caps_in_common([tight]) is tight
