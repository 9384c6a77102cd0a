"""Plates under words: panels, bands, and shades that fade into the picture."""

import io

import resvg_py
from PIL import Image, ImageDraw, ImageFilter

from pipeline.lettering.box import Box
from pipeline.lettering.contrast import Rgb
from pipeline.lettering.path import Path, number

_REDUCTION = 4
"""Factor by which shades are painted smaller."""
_REACH = 0.16
"""Share of a side within which a shade goes on to the edge of the picture."""
_DEVIATIONS, _FULL = 2.0, 0.85
"""Fade in standard deviations of the blur, and the share of it that lies round the box."""


def draw_path(image: Image.Image, path: Path, box: Box, color: Rgb) -> None:
    """Fill outlines; `box` holds all of them."""
    _draw(image, box, f'<path d="{path.d()}" fill="{_hex(color)}"/>')


def draw_panel(image: Image.Image, box: Box, color: Rgb, *, radius: float, opacity: float) -> None:
    """Draw a rounded rectangle."""
    corner = number(min(radius, box.w / 2, box.h / 2))
    sides = f'x="{number(box.x)}" y="{number(box.y)}" width="{number(box.w)}"'
    _draw(
        image,
        box,
        f'<rect {sides} height="{number(box.h)}" rx="{corner}" fill="{_hex(color)}" '
        f'fill-opacity="{opacity:.3f}"/>',
    )


def draw_shade(image: Image.Image, box: Box, color: Rgb, *, fade: float, opacity: float) -> None:
    """Draw a colour that is even in the box and fades within `fade` pixels round it."""
    width, height = image.size
    left, top, right, bottom = box.x, box.y, box.right, box.bottom
    if left < _REACH * width:
        left = -2 * fade
    if top < _REACH * height:
        top = -2 * fade
    if right > (1 - _REACH) * width:
        right = width + 2 * fade
    if bottom > (1 - _REACH) * height:
        bottom = height + 2 * fade
    pad = 3 * fade
    area = Box(left - pad, top - pad, right - left + 2 * pad, bottom - top + 2 * pad)
    scale = min(_REDUCTION, max(1, int(fade / 6)))
    size = (max(1, round(area.w / scale)), max(1, round(area.h / scale)))
    mask = Image.new("L", size)
    edge = fade * _FULL
    inner = Box(left, top, right - left, bottom - top).grown(edge).moved(-area.x, -area.y)
    corners = (inner.x / scale, inner.y / scale, inner.right / scale, inner.bottom / scale)
    ImageDraw.Draw(mask).rounded_rectangle(corners, edge / scale, fill=round(255 * opacity))
    mask = mask.filter(ImageFilter.GaussianBlur(fade / _DEVIATIONS / scale))
    whole = mask.resize((size[0] * scale, size[1] * scale), Image.Resampling.BICUBIC)
    image.paste(color, (round(area.x), round(area.y)), whole)


def paste_pixels(image: Image.Image, pixels: Image.Image, x: int, y: int) -> None:
    """Lay RGBA pixels over an RGB or RGBA picture, in place; what is outside is cut off."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(pixels.width, image.width - x), min(pixels.height, image.height - y)
    if left >= right or top >= bottom:
        return
    part = pixels.crop((left, top, right, bottom))
    if image.mode == "RGBA":
        image.alpha_composite(part, (x + left, y + top))
    else:
        image.paste(part, (x + left, y + top), part)


def _draw(image: Image.Image, box: Box, shape: str) -> None:
    x, y = int(box.x) - 1, int(box.y) - 1
    width, height = int(box.right) + 2 - x, int(box.bottom) + 2 - y
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{x} {y} {width} {height}">{shape}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, width=width, height=height)
    pixels = Image.open(io.BytesIO(bytes(png)))
    paste_pixels(image, pixels.convert("RGBA"), x, y)


def _hex(color: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
