"""How an image is cut to the exact pixels of a placement, and how much of it is left."""

from dataclasses import dataclass

from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.campaign import Size


@dataclass(frozen=True, kw_only=True, slots=True)
class Crop:
    """The cut from a rendered image to a placement."""

    placement: str
    """The size's id, e.g. `leaderboard`."""
    ratio: str
    """The ratio that is rendered, e.g. `3:1`."""
    pixels: tuple[int, int]
    """Exact width and height of the placement."""
    kept: float
    """Share of the rendered image that is left, above 0 and below 1."""


def plan_crops(loaded: LoadedCampaign) -> tuple[Crop, ...]:
    """Return the crops of a campaign that lose a part of the image, the worst first.

    A placement whose shape is rendered exactly has no crop.
    """
    sizes = next(axis.sizes for axis in loaded.matrix.axes if axis.name == "size")
    crops = [_crop(size, size.pixels) for size in sizes if size.pixels and size.kept < 1.0]
    return tuple(sorted(crops, key=lambda crop: (crop.kept, crop.placement)))


def _crop(size: Size, pixels: tuple[int, int]) -> Crop:
    return Crop(placement=size.id, ratio=size.ratio, pixels=pixels, kept=size.kept)
