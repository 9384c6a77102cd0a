"""The campaign under review, planned from its files; they may be edited while the page is open."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.campaign import CellName, Review, Stage
from pipeline.model.job import Job
from pipeline.model.verdict import Round
from pipeline.prompts.cells import expand
from pipeline.prompts.jobs import plan_drafts, plan_finals
from pipeline.review.page.source import PlannedDrafts
from pipeline.state.picks import Picks

Load = Callable[[], LoadedCampaign]
"""Reads the campaign file anew; raises `CampaignError` with everything that is wrong."""

_WORDS = ("*.yaml", "*.yml", "*.j2")


class CampaignSource:
    """`Source` over a campaign file."""

    def __init__(self, *, file: Path, load: Load) -> None:
        self._file = file
        self._load = load
        self._loaded: LoadedCampaign | None = None
        self._seen: Mapping[Path, tuple[int, int]] = {}

    def edited(self) -> bool:
        """Whether the campaign file, a feed or a template was written since it was read."""
        return _marks(self._file, self._loaded) != self._seen

    async def drafts(self, rounds: Mapping[CellName, Round]) -> PlannedDrafts:
        """Read the files and write the prompts of the drafts, beside the event loop."""
        return await asyncio.to_thread(self._draft, rounds)

    async def finals(self, picks: Picks) -> Sequence[Job]:
        """Write the prompts of the finals, beside the event loop."""
        return await asyncio.to_thread(self._final, picks)

    def _draft(self, rounds: Mapping[CellName, Round]) -> PlannedDrafts:
        # Marked before it is read: what is written while we read is read again.
        before = _marks(self._file, self._loaded)
        self._seen = before
        loaded = self._load()
        self._seen = {
            path: before.get(path, mark) for path, mark in _marks(self._file, loaded).items()
        }
        self._loaded = loaded
        settings = loaded.campaign.stages
        return PlannedDrafts(
            campaign=loaded.campaign,
            cells=tuple(expand(loaded)),
            jobs=tuple(plan_drafts(loaded, rounds=rounds)),
            prices={stage: loaded.profile.price(one.quality) for stage, one in settings.items()},
            repeats=loaded.profile.caps.varies,
        )

    def _final(self, picks: Picks) -> Sequence[Job]:
        loaded = self._loaded
        if loaded is None:
            return ()
        draft = loaded.campaign.stages.get(Stage.DRAFT)
        if draft is not None and draft.review is not Review.NONE and not picks.approved:
            return ()
        return tuple(plan_finals(loaded, picks=picks.approved, rounds=picks.rounds))


def _marks(file: Path, loaded: LoadedCampaign | None) -> dict[Path, tuple[int, int]]:
    """Size and time of every file that the campaign may be made of."""
    marks: dict[Path, tuple[int, int]] = {}
    for path in _files(file, loaded):
        try:
            found = path.stat()
        except OSError:
            marks[path] = (-1, -1)
        else:
            marks[path] = (found.st_size, found.st_mtime_ns)
    return marks


def _files(file: Path, loaded: LoadedCampaign | None) -> Iterator[Path]:
    folder = file.parent
    for pattern in _WORDS:
        yield from folder.glob(pattern)
        yield from folder.parent.glob(pattern)
    if loaded is not None:
        yield from (reading.path for reading in loaded.templates.files.values())
        yield from (folder / feed for feed in loaded.campaign.feeds)
