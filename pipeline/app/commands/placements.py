"""Listing the placements that a campaign may name."""

from collections.abc import Sequence

from pipeline.campaign.matrix.placements import (
    find_placements,
    placement_table,
    placements,
    suggest_placement,
)
from pipeline.errors import UsageError
from pipeline.model.adfiles.placement import Placement


def list_placements(word: str | None) -> Sequence[Placement]:
    """Return all placements, or those that a word is about, the likeliest first.

    Raises `UsageError` with a suggestion if there is none.
    """
    if word is None:
        renamed = placement_table().renamed
        return [one for name, one in placements().items() if name not in renamed]
    found = find_placements(word)
    if not found:
        raise UsageError(
            f"no placement fits {word}{suggest_placement(word)}; "
            "`pipeline placements` lists all of them"
        )
    return found


def last_checked() -> str:
    """Return the date on which all entries were last looked up."""
    return placement_table().checked
