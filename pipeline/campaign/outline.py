"""The shape of a campaign for those who show it: axes, and what cutting costs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.campaign import Size


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What the matrix is made of."""

    axes: tuple[tuple[str, int], ...]
    """(axis, number of its values) in canonical order, before exclusions."""
    crops: tuple[Size, ...]
    """Placements that lose a part of the render when they are cut, worst first."""


def outline(loaded: LoadedCampaign) -> Outline:
    """The shape of a campaign."""
    axes = loaded.matrix.axes
    sizes = next(axis.sizes for axis in axes if axis.name == "size")
    cut = [size for size in sizes if size.kept < 1.0]
    return Outline(
        axes=tuple((axis.name, len(axis.ids)) for axis in axes),
        crops=tuple(sorted(cut, key=lambda size: (size.kept, size.id))),
    )


_VARIABLE = re.compile(r"\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}", re.ASCII)


def fill_environment(text: str, environment: Mapping[str, str]) -> str:
    """A webhook or provider setting with its `{{ env.NAME }}`; `KeyError` where one is not set.

    Only at the moment of use: what it gives may be a secret and is never kept.
    """
    return _VARIABLE.sub(lambda found: environment[found[1]], text)
