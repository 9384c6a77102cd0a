"""Rendering a planned window in the placement's pixels, continued or padded if necessary."""

from PIL import Image, ImageColor, ImageStat

from pipeline.adfiles.continuation import continue_edges
from pipeline.adfiles.window import PlannedWindow
from pipeline.lettering.box import Box
from pipeline.model.adfiles.ad_file import Framing

_CLEAR = (0, 0, 0, 0)
_REDUCING_GAP = 3.0


def frame_image(
    image: Image.Image, planned: PlannedWindow, pixels: tuple[int, int], *, background: str = ""
) -> Image.Image:
    """Return the window of an RGB or RGBA image in exactly these pixels.

    `background` is the colour of padding; empty: the colour of the image's own rim.
    """
    place = picture_place(image.size, planned, pixels)
    left, top = round(place.x), round(place.y)
    width = max(1, round(place.right) - left)
    height = max(1, round(place.bottom) - top)
    shown = _shown(image.size, planned.window)
    picture = image.resize(
        (width, height), Image.Resampling.LANCZOS, box=shown, reducing_gap=_REDUCING_GAP
    )
    if (width, height) == pixels:
        return picture
    if image.mode == "RGBA" or planned.framing is Framing.PADDED:
        color = _CLEAR if image.mode == "RGBA" else _plain_color(picture, background)
        sheet = Image.new(image.mode, pixels, color)
        sheet.paste(picture, (left, top))
        return sheet
    return continue_edges(
        picture,
        left=left,
        top=top,
        right=pixels[0] - left - width,
        bottom=pixels[1] - top - height,
    )


def picture_place(size: tuple[int, int], planned: PlannedWindow, pixels: tuple[int, int]) -> Box:
    """Return where the image itself lies in the ad file, in pixels of the ad file."""
    left, top, right, bottom = _shown(size, planned.window)
    x, y = pixels[0] / planned.window.w, pixels[1] / planned.window.h
    return Box(
        (left - planned.window.x) * x,
        (top - planned.window.y) * y,
        (right - left) * x,
        (bottom - top) * y,
    )


def _shown(size: tuple[int, int], window: Box) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the part of the image that is in the window."""
    left, top = max(0.0, window.x), max(0.0, window.y)
    right, bottom = min(float(size[0]), window.right), min(float(size[1]), window.bottom)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _plain_color(picture: Image.Image, background: str) -> tuple[int, ...]:
    """Return the colour of padding: the one asked for, or the median of the picture's rim."""
    if background:
        return ImageColor.getrgb(background)[:3]
    width, height = picture.size
    rim = Image.new("RGB", (2 * width + 2 * height, 1))
    rim.paste(picture.crop((0, 0, width, 1)), (0, 0))
    rim.paste(picture.crop((0, height - 1, width, height)), (width, 0))
    for x, at in ((0, 2 * width), (width - 1, 2 * width + height)):
        column = picture.crop((x, 0, x + 1, height)).transpose(Image.Transpose.TRANSPOSE)
        rim.paste(column, (at, 0))
    return tuple(ImageStat.Stat(rim).median)
