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


_STRIP = 3.0
"""Width for a height of 1 above which a headline in the image becomes too small to be read."""


def strips_without_overlay(loaded: LoadedCampaign) -> tuple[str, ...]:
    """Return the strips, such as `leaderboard`, of a campaign that lays nothing over ad files.

    Copy in an image is as small as the image becomes: a strip is better rendered without copy, and
    gets it as an overlay.
    """
    file = loaded.checked.file
    changes = (override.set.adfiles for override in file.overrides)
    if file.adfiles.overlay or any(change and change.overlay for change in changes):
        return ()
    sizes = next(axis.sizes for axis in loaded.matrix.axes if axis.name == "size")
    return tuple(
        size.id
        for size in sizes
        if size.pixels and size.pixels[0] > _STRIP * size.pixels[1] and size.kept < 1.0
    )
