"""How much of a picture differs from another one."""

import io

import pytest
from PIL import Image, ImageDraw

from pipeline.inspection.similarity import changed_share


def painted(*, lower="#2b8", noise=0):
    image = Image.new("RGB", (256, 192), "#d85")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 20, 120, 90), fill="#fff")
    draw.rectangle((0, 96, 256, 192), fill=lower)
    return Image.blend(image, Image.effect_noise(image.size, 60).convert("RGB"), noise)


def thumb(image, **options):
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()


def test_the_same_picture_has_not_changed_whatever_its_compression():
    one = thumb(painted(), quality=95)
    assert changed_share(one, one) == 0
    assert changed_share(one, thumb(painted(), quality=40)) < 0.01
    assert changed_share(one, thumb(painted(noise=0.05), quality=80)) < 0.02


@pytest.mark.parametrize("lower", ["#b28", "#2bc", "#fff"])
def test_half_a_picture_in_another_colour_is_half_changed(lower):
    assert changed_share(thumb(painted()), thumb(painted(lower=lower))) == pytest.approx(
        0.5, abs=0.03
    )


def test_cut_outs_are_compared_on_the_same_ground():
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert changed_share(thumb(clear), thumb(Image.new("RGBA", (64, 64), (0, 0, 255, 0)))) == 0
