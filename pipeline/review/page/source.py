"""Where the campaign under review comes from; it may be edited while the page is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.model.campaign import Campaign, Cell, CellName, Stage
from pipeline.model.credits import Credits
from pipeline.model.job import Job
from pipeline.model.verdict import Round
from pipeline.state.picks import Picks


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedDrafts:
    """A campaign with its draft jobs."""

    campaign: Campaign
    cells: tuple[Cell, ...]
    jobs: tuple[Job, ...]
    """Empty where the campaign has no drafts."""
    prices: Mapping[Stage, Credits]
    """What one image costs at each stage."""
    repeats: bool = False
    """Whether the provider repeats a picture when it is asked for again in another quality."""


class ReviewSource(Protocol):
    """Plans the campaign as its files are now; writing prompts is not done on the event loop."""

    def edited(self) -> bool:
        """Whether a file of the campaign is not what it was when it was planned last."""
        ...

    async def drafts(self, rounds: Mapping[CellName, Round]) -> PlannedDrafts:
        """The drafts in these rounds; reads the files anew. Raises `CampaignError`."""
        ...

    async def finals(self, picks: Picks) -> Sequence[Job]:
        """The finals of what was approved, in their rounds, of the campaign as `drafts` read it."""
        ...
