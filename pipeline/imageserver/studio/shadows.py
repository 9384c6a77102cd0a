"""What a floor does with the things that stand on it: it takes their shadows and mirrors them."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

from pipeline.imageserver.studio.raster import SOFT, Sprite, lay, shade

_STRIP = 4
"""Columns that are mirrored together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowCast:
    """How a shadow falls on the table."""

    floor: float
    """Where the thing meets the table, in pixels."""
    lean: float
    """How far the shadow of a point falls aside, in shares of its height."""
    rise: float
    """How far up the picture it falls, in shares of its height."""
    blur: float
    alpha: float
    color: str


def cast_shadow(under: Image.Image, sprite: Sprite, cast: ShadowCast) -> None:
    """Lay the shadow of a sprite's silhouette on the table, softer the farther it falls."""
    small = sprite.image.getchannel("A").reduce(SOFT)
    foot = (cast.floor - sprite.y) / SOFT
    tall = max(1.0, foot)
    reach, high = abs(cast.lean) * tall, max(2.0, cast.rise * tall)
    pad = int(cast.blur * 3 / SOFT) + 4
    width, height = int(small.width + reach) + 2 * pad, int(high) + 2 * pad
    # from the shadow's pixel back to the silhouette's: undo the squash, then the lean
    squash = tall / high
    shift = pad + (reach if cast.lean < 0 else 0.0)
    lean = cast.lean * squash
    drop = pad + high
    coefficients = (1.0, lean, -shift - lean * drop, 0.0, squash, foot - squash * drop)
    fallen = small.transform(
        (width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
    )
    near = fallen.filter(ImageFilter.GaussianBlur(max(0.8, cast.blur * 0.35 / SOFT)))
    far = fallen.filter(ImageFilter.GaussianBlur(cast.blur / SOFT))
    ramp = Image.linear_gradient("L").resize((width, height))
    mask = Image.composite(near, far, ramp)
    fade = ramp.point(lambda v: int((0.25 + 0.75 * v / 255) * cast.alpha * 255))
    mask = ImageChops.multiply(mask, fade)
    full = mask.resize((width * SOFT, height * SOFT), Image.Resampling.BICUBIC)
    x = sprite.x - shift * SOFT
    y = cast.floor - drop * SOFT
    lay(under, shade(full, cast.color, (round(x), round(y))))


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorReflection:
    """How a table mirrors what stands on it."""

    floor: float
    """Where the thing meets the table at its sides, in pixels."""
    strength: float
    blur: float
    """Pixels."""
    foot: Callable[[float], float]
    """How far below `floor` the thing meets the table, by pixels from its left edge."""


def reflection(under: Image.Image, sprite: Sprite, mirror: FloorReflection) -> None:
    """Mirror a sprite in the table, column by column along its foot, fading as it recedes."""
    blur, strength, floor = mirror.blur, mirror.strength, round(mirror.floor)
    foot = min(sprite.image.height, floor - sprite.y)
    depth = min(round(foot * 0.62), under.height - floor)
    if depth < 2 or foot < 2:  # noqa: PLR2004 - nothing to be seen
        return
    mirrored = _mirrored(sprite.image, foot, depth, mirror.foot)
    if blur >= 1:
        factor = max(2, round(blur))
        small = mirrored.reduce(factor)
        mirrored = small.resize(mirrored.size, Image.Resampling.BICUBIC)
    ramp = Image.linear_gradient("L").resize(mirrored.size)
    fade = ramp.point(lambda v: int(255 * strength * (1 - v / 255) ** 1.6))
    mirrored.putalpha(ImageChops.multiply(mirrored.getchannel("A"), fade))
    lay(under, Sprite(mirrored, sprite.x, floor))


def _mirrored(
    image: Image.Image, foot: int, depth: int, drop: Callable[[float], float]
) -> Image.Image:
    """The lowest `depth` rows above and below row `foot`, upside down, hung along the foot."""
    flipped = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    start = image.height - foot
    hung = Image.new("RGBA", (image.width, depth))
    for x in range(0, image.width, _STRIP):
        dy = round(2 * drop(x + _STRIP / 2))
        column = flipped.crop((x, start - dy, x + _STRIP, start - dy + depth))
        hung.paste(column, (x, 0))
    return hung
