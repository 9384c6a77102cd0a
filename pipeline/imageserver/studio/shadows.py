"""Cast shadows and reflections on the table."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter

from pipeline.imageserver.studio.raster import SOFT, Sprite, flat_sprite, paste_sprite

_STRIP = 4
"""Width in pixels of the strips that are mirrored together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShadowCast:
    """How a shadow falls on the table."""

    floor: float
    """Height in the picture at which the object meets the table, in pixels."""
    lean: float
    """Sideways distance of a point's shadow, in shares of its height."""
    rise: float
    """Upward distance of a point's shadow, in shares of its height."""
    blur: float
    alpha: float
    color: str


def cast_shadow(under: Image.Image, sprite: Sprite, cast: ShadowCast) -> None:
    """Draw the shadow of a sprite's silhouette on the table, softer with the distance."""
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
    paste_sprite(under, flat_sprite(full, cast.color, (round(x), round(y))))


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorReflection:
    """How a table reflects an object."""

    floor: float
    """Height in the picture at which the object's sides meet the table, in pixels."""
    strength: float
    blur: float
    """Radius in pixels."""
    foot: Callable[[float], float]
    """Returns how far below `floor` the object meets the table, x pixels from its left edge."""


def reflection(under: Image.Image, sprite: Sprite, mirror: FloorReflection) -> None:
    """Draw the reflection of a sprite in the table, along its foot and fading downwards."""
    blur, strength, floor = mirror.blur, mirror.strength, round(mirror.floor)
    foot = min(sprite.image.height, floor - sprite.y)
    depth = min(round(foot * 0.62), under.height - floor)
    if depth < 2 or foot < 2:  # noqa: PLR2004 - not visible
        return
    mirrored = _mirrored(sprite.image, foot, depth, mirror.foot)
    if blur >= 1:
        factor = max(2, round(blur))
        small = mirrored.reduce(factor)
        mirrored = small.resize(mirrored.size, Image.Resampling.BICUBIC)
    ramp = Image.linear_gradient("L").resize(mirrored.size)
    fade = ramp.point(lambda v: int(255 * strength * (1 - v / 255) ** 1.6))
    mirrored.putalpha(ImageChops.multiply(mirrored.getchannel("A"), fade))
    paste_sprite(under, Sprite(mirrored, sprite.x, floor))


def _mirrored(
    image: Image.Image, foot: int, depth: int, drop: Callable[[float], float]
) -> Image.Image:
    """Return `depth` rows above row `foot`, upside down and aligned along the foot."""
    flipped = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    start = image.height - foot
    hung = Image.new("RGBA", (image.width, depth))
    for x in range(0, image.width, _STRIP):
        dy = round(2 * drop(x + _STRIP / 2))
        column = flipped.crop((x, start - dy, x + _STRIP, start - dy + depth))
        hung.paste(column, (x, 0))
    return hung
