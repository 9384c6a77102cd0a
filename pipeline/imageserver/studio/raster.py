"""Pixels: rasterising, compositing, glow, grain, and PNG encoding."""

import functools
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import resvg_py
from PIL import Image, ImageChops, ImageDraw, ImageFilter, PngImagePlugin

from pipeline.imageserver.studio.colors import rgb
from pipeline.imageserver.studio.seeded_random import seeded_random
from pipeline.imageserver.studio.vector.shapes import rect
from pipeline.imageserver.studio.vector.svg import Stop, Svg
from pipeline.lettering.box import Box

SOFT = 4
"""Factor by which soft things are painted smaller."""
COMPRESS_LEVEL = 3
_TILE = 256
_GLOW_REDUCTION = 8
"""Factor by which the glow is painted smaller."""
_SOLID = 96
"""Alpha above which a pixel belongs to the object, not to its glow."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """Pixels, and the place of their top left corner."""

    image: Image.Image
    x: int
    y: int


def rasterise(svg: Svg, zoom: float = 1.0) -> Sprite:
    """Return the document's frame as pixels, without any system font."""
    width, height = max(1, round(svg.frame.w * zoom)), max(1, round(svg.frame.h * zoom))
    png = resvg_py.svg_to_bytes(
        svg_string=svg.text(), skip_system_fonts=True, width=width, height=height
    )
    image = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    return Sprite(image, round(svg.frame.x), round(svg.frame.y))


def pixel_aligned(box: Box, frame: Box) -> Box:
    """Return the box extended to whole pixels and cut to the frame; never empty."""
    x, y = max(frame.x, int(box.x) - 1), max(frame.y, int(box.y) - 1)
    right, bottom = min(frame.right, int(box.right) + 2), min(frame.bottom, int(box.bottom) + 2)
    return Box(x, y, max(1, right - x), max(1, bottom - y))


def paste_sprite(under: Image.Image, sprite: Sprite) -> None:
    """Composite a sprite in place; parts outside the image are cut off."""
    x, y = sprite.x, sprite.y
    image = sprite.image
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(image.width, under.width - x), min(image.height, under.height - y)
    if left < right and top < bottom:
        under.alpha_composite(image, (x + left, y + top), (left, top, right, bottom))


def solid_box(sprite: Sprite) -> list[Box]:
    """Return the box of a sprite's solid pixels in the picture; none if it has no such pixel."""
    bounds = sprite.image.getchannel("A").point(lambda a: 255 if a > _SOLID else 0).getbbox()
    if bounds is None:
        return []
    left, top, right, bottom = bounds
    return [Box(sprite.x + left, sprite.y + top, right - left, bottom - top)]


def drop_shadow(under: Image.Image, sprite: Sprite, spread: float, color: str) -> None:
    """Draw the shadow of an object that lies on a surface seen from above, lit from one side."""
    for blur, shift, alpha in ((spread * 0.35, spread * 0.3, 0.42), (spread * 1.3, spread, 0.34)):
        reduce = max(1, int(blur / 3))
        pad = int(blur * 3) // reduce + 2
        small = sprite.image.getchannel("A").reduce(reduce)
        mask = Image.new("L", (small.width + 2 * pad, small.height + 2 * pad))
        mask.paste(small, (pad, pad))
        mask = mask.filter(ImageFilter.GaussianBlur(blur / reduce))
        mask = mask.resize((mask.width * reduce, mask.height * reduce), Image.Resampling.BILINEAR)
        mask = mask.point(lambda a, share=alpha: round(a * share))
        shade = Image.new("RGBA", mask.size, color)
        shade.putalpha(mask)
        x, y = sprite.x - pad * reduce + shift * 0.5, sprite.y - pad * reduce + shift
        paste_sprite(under, Sprite(shade, round(x), round(y)))


def contact_shadow(under: Image.Image, sprite: Sprite, *, alpha: float, color: str) -> None:
    """Draw the dark, soft line where an object touches the table, along its lowest edge."""
    whole_shape = sprite.image.getchannel("A")
    bounds = whole_shape.point(lambda a: 255 if a > _SOLID else 0).getbbox()
    if bounds is None:
        return
    low, wide = bounds[3], bounds[2] - bounds[0]
    strip = max(4, round(wide * 0.09))
    foot = whole_shape.crop((0, low - strip, whole_shape.width, low)).reduce(2)
    pad = max(6, round(wide * 0.11))
    size = (foot.width + 2 * pad, foot.height + 2 * pad)
    mask = Image.new("L", size)
    for drop, blur, strength in ((0.055, 0.045, 0.50), (0.016, 0.011, 0.80)):
        layer = Image.new("L", size)
        layer.paste(foot, (pad, pad + round(wide * drop / 2)))
        layer = layer.filter(ImageFilter.GaussianBlur(max(0.7, wide * blur / 2)))
        share = alpha * strength
        mask = ImageChops.screen(mask, layer.point(lambda v, share=share: int(v * share)))
    full = mask.resize((size[0] * 2, size[1] * 2), Image.Resampling.BICUBIC)
    paste_sprite(
        under, flat_sprite(full, color, (sprite.x - 2 * pad, sprite.y + low - strip - 2 * pad))
    )


def flat_sprite(mask: Image.Image, color: str, at: tuple[int, int]) -> Sprite:
    """Return a sprite of one colour with a mask as alpha."""
    r, g, b = (round(255 * c) for c in rgb(color))
    flat = Image.new("RGBA", mask.size, (r, g, b, 0))
    flat.putalpha(mask)
    return Sprite(flat, *at)


def veil(under: Image.Image, box: Box, *, color: str, alpha: float) -> None:
    """Cover a box with one translucent colour that fades out round it."""
    scale, pad = 8, (under.width + under.height) * 0.045
    size = (under.width // scale + 1, under.height // scale + 1)
    cloud = Image.new("L", size)
    area = tuple(v / scale for v in (box.x - pad * 0.5, box.y - pad * 0.5))
    far = tuple(v / scale for v in (box.right + pad * 0.5, box.bottom + pad * 0.5))
    ImageDraw.Draw(cloud).rounded_rectangle((*area, *far), pad / scale, fill=round(255 * alpha))
    cloud = cloud.filter(ImageFilter.GaussianBlur(pad * 0.42 / scale))
    full = cloud.resize((size[0] * scale, size[1] * scale), Image.Resampling.BICUBIC)
    paste_sprite(under, flat_sprite(full, color, (0, 0)))


def add_light(image: Image.Image, stops: Sequence[Stop]) -> Image.Image:
    """Return an image under coloured light that varies from left to right."""
    svg = Svg(Box(0, 0, 64, 4))
    svg.draw(rect(0, 0, 64, 4), svg.lin(stops))
    wash = rasterise(svg).image.resize(image.size, Image.Resampling.BICUBIC)
    alpha = ImageChops.multiply(wash.getchannel("A"), image.getchannel("A"))
    wash.putalpha(alpha)
    lit = image.copy()
    lit.alpha_composite(wash)
    return lit


@functools.cache
def _noise() -> Image.Image:
    rng = seeded_random(1839, "film")  # the same grain for all pictures
    levels = bytes(128 + max(-4, min(4, round(rng.gauss(0, 1.25)))) for _ in range(_TILE * _TILE))
    return Image.frombytes("L", (_TILE, _TILE), levels)


def add_grain(image: Image.Image) -> Image.Image:
    """Return an RGB picture with fine grain, which also hides banding of dark gradients."""
    tile = _noise()
    film = Image.new("L", image.size)
    for y in range(0, image.height, _TILE):
        for x in range(0, image.width, _TILE):
            film.paste(tile, (x, y))
    return ImageChops.add(image, Image.merge("RGB", (film, film, film)), 1, -128)


def add_glow(image: Image.Image, strength: float) -> Image.Image:
    """Return an opaque picture with a glow round its lights.

    Areas that are brighter than their surroundings glow, in proportion to their brightness.
    """
    small = image.convert("RGB").reduce(_GLOW_REDUCTION)
    reach = (small.width + small.height) / 90
    sparks = ImageChops.subtract(small, small.filter(ImageFilter.GaussianBlur(reach * 3)))
    sparks = ImageChops.multiply(sparks, small)
    glow = sparks.filter(ImageFilter.GaussianBlur(reach)).point(lambda v: int(v * strength))
    full = glow.resize(image.size, Image.Resampling.BICUBIC)
    lit = ImageChops.screen(image.convert("RGB"), full)
    return lit.convert("RGBA")


def boxes_text(size: tuple[int, int], copy: Sequence[Box], product: Box | None) -> str:
    """Return where copy and products are, for clients that cut a picture, as JSON.

    A box is left, top, width and height in pixels of the picture; `product` is `null` without one.
    """
    sides = [[round(side, 1) for side in box] for box in ([*copy, product] if product else copy)]
    boxes = {
        "size": list(size),
        "copy": sides[: len(copy)],
        "product": sides[-1] if product else None,
    }
    return json.dumps(boxes, separators=(",", ":"))


def encode_png(image: Image.Image, notes: dict[str, str]) -> bytes:
    """Return the PNG, with the texts in text chunks."""
    text = PngImagePlugin.PngInfo()
    for key, value in notes.items():
        text.add_itxt(key, value.encode("utf-8", "replace").decode())
    if image.mode == "RGBA":
        # colour under full transparency would survive into formats that drop the alpha
        shown = image.getchannel("A").point(lambda a: 255 if a else 0)
        image = Image.composite(image, Image.new("RGBA", image.size), shown)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=COMPRESS_LEVEL, pnginfo=text)
    return out.getvalue()
