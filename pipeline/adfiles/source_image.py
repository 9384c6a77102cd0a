"""The image that ad files are derived from: 8-bit sRGB, with its boxes and its edges."""

import io
import math
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import BinaryIO

from PIL import Image, ImageChops, ImageCms, ImageOps, ImageStat

from pipeline.adfiles.window import ALL_EDGES, Edge, SourceShape
from pipeline.images.boxes import PictureBoxes, read_boxes
from pipeline.images.formats.shape import sane_size
from pipeline.inspection.decoding import broken_unless_decoded
from pipeline.lettering.box import Box

EDGE_SIDE = 512
"""Pixels of the longest side at which edges are measured."""
DEPTH = 8
"""Depth in pixels, at that size, of the strip that is measured along an edge."""
SAMPLES = 96
"""Colours compared along the longest side: fewer than its pixels, to average out grain."""
FIT = (7.5, 220.0)
"""Largest deviation, in depth and along, in CIE76, of an edge that can be continued.

Of 96 edges of studio pictures, 93 can be; the others have props on them. Of 64 edges of photos, 14
can be, most of them sky, floor or a plain ground.
"""
SMOOTH = (4.5, 150.0)
"""The same for an edge that can be continued far: a wall above a table."""
_SOLID = 24
"""Alpha above which a pixel of a cut-out is seen."""
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")


class SourceImage:
    """A decoded image, measured for the planner."""

    def __init__(self, pixels: Image.Image, boxes: PictureBoxes | None) -> None:
        """`pixels` are RGB, or RGBA if any of them is transparent."""
        self.pixels = pixels
        self.boxes = boxes

    @property
    def has_alpha(self) -> bool:
        """True if any pixel is transparent."""
        return self.pixels.mode == "RGBA"

    def flattened(self, background: str) -> Image.Image:
        """Return the pixels, over a plain colour if one is given and any is transparent."""
        if not self.has_alpha or not background:
            return self.pixels
        sheet = Image.new("RGB", self.pixels.size, background)
        sheet.paste(self.pixels, mask=self.pixels.getchannel("A"))
        return sheet

    def shape(self, found: PictureBoxes | None = None) -> SourceShape:
        """Return the image as the planner sees it; measures the edges.

        `found` are boxes for an image that does not carry its own.
        """
        boxes = self.boxes or found
        copy = None if boxes is None else boxes.copy
        product = None if boxes is None else boxes.product
        if self.has_alpha:
            # The visible pixels of a cut-out include its copy.
            seen = visible_box(self.pixels)
            if seen is not None and (copy is None or product is None):
                product, copy = seen, copy or ()
        fit, smooth = continuable_edges(self.pixels)
        return SourceShape(
            width=self.pixels.width,
            height=self.pixels.height,
            copy=copy,
            product=product,
            fit_edges=fit,
            smooth_edges=smooth,
        )


def open_source(stream: BinaryIO) -> SourceImage:
    """Decode an image completely, as 8-bit sRGB, upright.

    CMYK, 16 bits a channel, palettes and other profiles are converted. Raises `ImageBroken` if it
    cannot be decoded, `OSError` if the disk fails.
    """
    with broken_unless_decoded():
        image = Image.open(stream, formats=("PNG", "JPEG", "WEBP"))
        sane_size(image.width, image.height)
        boxes = read_boxes(image)
        image.load()
        turned = ImageOps.exif_transpose(image)
        if turned.size != image.size:
            boxes = None  # they refer to the picture before it is turned upright
        return SourceImage(_as_srgb(turned), boxes)


def _as_srgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BIT:
        image = image.point(lambda value: value / 257).convert("L")
    profile = image.info.get("icc_profile")
    seen = image.has_transparency_data
    alpha = image.convert("RGBA").getchannel("A") if seen else None
    if image.mode in ("P", "PA", "LA", "La", "1", "RGBa"):
        image = image.convert("RGBA" if seen else "RGB")
    colors = image.convert("RGB") if image.mode == "RGBA" else image
    rgb = _converted(colors, profile) or colors.convert("RGB")
    if alpha is None or alpha.getextrema() == (255, 255):
        return rgb
    rgb.putalpha(alpha)
    return rgb


def _converted(image: Image.Image, profile: object) -> Image.Image | None:
    """Return an image with a profile in sRGB; `None` if the profile is missing or unusable."""
    if not isinstance(profile, bytes) or not profile:
        return None
    try:
        return ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), _srgb(), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@cache
def _to_lab() -> ImageCms.ImageCmsTransform:
    lab = ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(_srgb(), lab, "RGB", "LAB")


def visible_box(image: Image.Image) -> Box | None:
    """Return the box of the pixels of a cut-out that are seen; `None` if none is."""
    seen = image.getchannel("A").point(lambda a: 255 if a > _SOLID else 0).getbbox()
    if seen is None:
        return None
    left, top, right, bottom = seen
    return Box(left, top, right - left, bottom - top)


def continuable_edges(image: Image.Image) -> tuple[frozenset[Edge], frozenset[Edge]]:
    """Return the edges that can be continued, and those of them that can be continued far.

    A cut-out continues everywhere.
    """
    if image.mode == "RGBA":
        return ALL_EDGES, ALL_EDGES
    scale = EDGE_SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    found = {edge: edge_deviation(strip) for edge, strip in _strips(small)}
    return _below(found, FIT), _below(found, SMOOTH)


def _below(found: Mapping[Edge, tuple[float, float]], most: tuple[float, float]) -> frozenset[Edge]:
    return frozenset(
        edge for edge, (depth, along) in found.items() if depth <= most[0] and along <= most[1]
    )


def _strips(image: Image.Image) -> Iterator[tuple[Edge, Image.Image]]:
    """Yield each edge as a strip of pixels that begins with the rim at its top."""
    width, height = image.size
    deep, wide = min(DEPTH, height), min(DEPTH, width)
    yield Edge.TOP, image.crop((0, 0, width, deep))
    yield Edge.BOTTOM, ImageOps.flip(image.crop((0, height - deep, width, height)))
    yield Edge.LEFT, image.crop((0, 0, wide, height)).transpose(Image.Transpose.TRANSPOSE)
    yield (
        Edge.RIGHT,
        image.crop((width - wide, 0, width, height)).transpose(Image.Transpose.TRANSVERSE),
    )


def edge_deviation(strip: Image.Image) -> tuple[float, float]:
    """Return how far an edge deviates in depth, and how much it varies along, both in CIE76."""
    lab = ImageCms.applyTransform(strip, _to_lab())
    if lab is None:
        raise TypeError("a transform that is not in place returns an image")
    mean = lab.resize((lab.width, 1), Image.Resampling.BOX)
    spread = ImageStat.Stat(
        ImageChops.difference(lab, mean.resize(lab.size, Image.Resampling.NEAREST))
    ).rms
    depth = math.hypot(*(value * unit for value, unit in zip(spread, _LAB_UNITS, strict=True)))
    count = max(2, lab.width * SAMPLES // EDGE_SIDE)
    row = lab.resize((count, 1), Image.Resampling.BOX)
    channels = [
        [value * unit for value in channel.tobytes()]
        for channel, unit in zip(row.split(), _LAB_UNITS, strict=True)
    ]
    colors = list(zip(*channels, strict=True))
    return depth, sum(math.dist(here, beside) for here, beside in pairwise(colors))


_LAB_UNITS = (100 / 255, 1.0, 1.0)
"""L* is 0 to 100 in 255 steps; a* and b* are steps of 1."""
