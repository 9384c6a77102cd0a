"""Whole by structure and not by pixels: noticed in every format, and never seen where it is not."""

import io

import pytest
from broken_pictures import BROKEN, WHOLE, picture, saved
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import ImageBroken
from pipeline.images.formats.structure import StructureScan
from pipeline.inspection.decoding import decode


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_an_image_without_all_its_pixels_is_broken(content):
    """Its structure is whole, and Pillow paints what is missing black or grey."""
    scan = StructureScan()
    scan.feed(content)
    scan.finish()
    with pytest.raises(ImageBroken):
        decode(io.BytesIO(content))


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE.keys())
def test_an_image_with_all_its_pixels_is_whole(content):
    with Image.open(io.BytesIO(content)) as shown:
        size = shown.size
    assert decode(io.BytesIO(content)).size == size


def test_an_animation_of_too_many_pixels_is_refused(monkeypatch):
    monkeypatch.setattr("pipeline.inspection.completeness.MOST_PIXELS", 2 * 64 * 64)
    with pytest.raises(ImageBroken, match="too many pixels"):
        decode(io.BytesIO(WHOLE["APNG"]))


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    mode=st.sampled_from(["RGB", "L", "CMYK"]),
    quality=st.integers(1, 100),
    how=st.sampled_from(
        [{}, {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 2}]
    ),
)
def test_no_jpeg_that_an_encoder_writes_is_called_broken(size, mode, quality, how):
    content = saved(picture(mode, size), "JPEG", quality=quality, **how)
    assert decode(io.BytesIO(content)).size == size
