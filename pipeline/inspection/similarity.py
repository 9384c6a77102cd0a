"""How alike two pictures are: a hash that survives recompression, and a local comparison."""

from importlib import import_module
from typing import cast

from PIL import Image

from pipeline.inspection.readers import SUBJECT_PACKAGE, is_installed

_ACROSS, _DOWN = 9, 8
_GROUND = "#808080"


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


def _on_ground(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    sheet = Image.new("RGB", image.size, _GROUND)
    sheet.paste(image, mask=image.getchannel("A"))
    return sheet
