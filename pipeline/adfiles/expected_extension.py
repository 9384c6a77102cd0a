"""How much of an ad file the image that is rendered for it can be expected to fill."""

from dataclasses import dataclass

from pipeline.campaign.loading import LoadedCampaign


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedExtension:
    """A placement whose shape is not rendered exactly."""

    placement: str
    """The size's id, e.g. `leaderboard`."""
    ratio: str
    """The ratio that is rendered, e.g. `2:1`."""
    pixels: tuple[int, int]
    """Exact width and height of the placement."""
    extended: float
    """Share of the ad file that continues the image beyond its edges if nothing is cut, 0 to 1."""


def expected_extensions(loaded: LoadedCampaign) -> tuple[ExpectedExtension, ...]:
    """Return the placements of a campaign whose images have to be extended, the most first.

    A placement whose shape is rendered exactly is not among them. Safe zones are not considered.
    """
    sizes = next(axis.sizes for axis in loaded.matrix.axes if axis.name == "size")
    found = [
        ExpectedExtension(
            placement=size.id, ratio=size.ratio, pixels=size.pixels, extended=1 - size.kept
        )
        for size in sizes
        if size.pixels and size.kept < 1.0
    ]
    return tuple(sorted(found, key=lambda one: (-one.extended, one.placement)))
