"""How alike two pictures are: a hash that survives recompression, and a local comparison."""

import io
import math
from importlib import import_module
from typing import cast

from PIL import Image, ImageCms

from pipeline.inspection.readers import SUBJECT_PACKAGE, is_installed

_ACROSS, _DOWN = 9, 8
_GROUND = "#808080"
_COMPARED = (64, 64)
_VISIBLE = 10.0
"""Distance in CIELAB from which two areas are seen as different at a glance."""
_TO_LAB = ImageCms.buildTransform(
    ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
)


def difference_hash(image: Image.Image) -> str:
    """Return 64 bits as 16 hex characters: which of two neighbouring areas is brighter."""
    small = _on_ground(image).convert("L").resize((_ACROSS, _DOWN), Image.Resampling.BOX)
    levels = small.tobytes()
    bits = 0
    for y in range(_DOWN):
        for x in range(_ACROSS - 1):
            at = y * _ACROSS + x
            bits = bits << 1 | (levels[at] > levels[at + 1])
    return f"{bits:016x}"


def different_bits(one: str, other: str) -> int:
    """Return in how many of 64 bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def lowest_local_ssim(one: Image.Image, other: Image.Image) -> float | None:
    """Return how alike two pictures are where they differ most, 0 to 1; `None` without numpy."""
    if not is_installed(SUBJECT_PACKAGE):
        return None
    module = import_module("pipeline.inspection.local_ssim")
    return cast("float", module.lowest_ssim(_on_ground(one), _on_ground(other)))


def changed_share(one: bytes, other: bytes) -> float:
    """Return the share of the area where two thumbs of one shape visibly differ, 0 to 1.

    Colours are compared in CIELAB over small areas, so that grain and compression do not count.
    """
    small = [_decoded(thumb).resize(_COMPARED) for thumb in (one, other)]
    channels = zip(*(_lab(image) for image in small), strict=True)
    differing = sum(
        math.hypot(*(a - b for a, b in zip(pixel, other_pixel, strict=True))) > _VISIBLE
        for pixel, other_pixel in channels
    )
    return differing / (_COMPARED[0] * _COMPARED[1])


def _decoded(thumb: bytes) -> Image.Image:
    with Image.open(io.BytesIO(thumb)) as image:
        return _on_ground(image).convert("RGB")


def _lab(image: Image.Image) -> list[tuple[float, float, float]]:
    """Return lightness and both colour axes of every pixel, in units of CIELAB."""
    lab = ImageCms.applyTransform(image, _TO_LAB)
    raw = lab.tobytes() if lab is not None else b""  # `None` only if it is changed in place
    # Pillow keeps lightness as 0 to 255, and the axes as signed bytes.
    return [
        (raw[at] * 100 / 255, _signed(raw[at + 1]), _signed(raw[at + 2]))
        for at in range(0, len(raw), 3)
    ]


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte  # noqa: PLR2004 - of a signed byte


def _on_ground(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    sheet = Image.new("RGB", image.size, _GROUND)
    sheet.paste(image, mask=image.getchannel("A"))
    return sheet
