"""The campaign under review, planned from files that may be edited while the page is open."""
# ruff: noqa: D102 - ReviewSource documents each method

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.campaign import Campaign, Cell
from pipeline.model.job import Job
from pipeline.model.money import Amount, Budget
from pipeline.model.names import Account, CellName, Stage
from pipeline.model.providers.profile import Caps
from pipeline.model.verdict import Round
from pipeline.prompts.cells import expand
from pipeline.prompts.jobs import NO_FURTHER_TAKES, FurtherTakes
from pipeline.state.budgets import campaign_budget
from pipeline.state.campaign_state import CampaignState
from pipeline.state.checks.results import CampaignChecks, open_checks
from pipeline.state.output.ad_files import AdFilePlan, Windows, makes_ad_files, plan_ad_files
from pipeline.state.picks import Picks
from pipeline.state.survey import CampaignPlanner, Planner


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewedCampaign:
    """The campaign as its files describe it, without its jobs."""

    campaign: Campaign
    cells: tuple[Cell, ...]
    prices: Mapping[Stage, Amount]
    """The price of one image at each stage."""
    caps: Caps
    account: Account
    """The account that pays for a launch."""
    budget: Budget
    """The campaign's own limits."""
    play_money: bool = False
    """True if credits are only shown, and no budget applies."""
    makes_ad_files: bool = False
    """True if the campaign makes ad files of its finals."""
    repeats: bool = False
    """True if a final shows the same picture as its draft, in better quality."""


class ReviewSource(Planner, Protocol):
    """Plans the campaign from its files as they were last loaded."""

    def edited(self) -> bool:
        """Return True if a file of the campaign was written since it was loaded."""
        ...

    async def load(self) -> ReviewedCampaign:
        """Read the files again; raise `CampaignError` with every mistake in them."""
        ...

    def checks(self) -> CampaignChecks | None:
        """Return the campaign's checks, with what is known of its images; `None` without any."""
        ...

    def ad_files(
        self,
        state: CampaignState,
        *,
        stage: Stage,
        windows: Windows,
        checks: CampaignChecks | None,
    ) -> AdFilePlan:
        """Return the ad files of a stage's stored images; none if the campaign makes none."""
        ...


class CampaignSource:
    """`ReviewSource` over a campaign file."""

    def __init__(
        self,
        *,
        file: Path,
        load: Callable[[], LoadedCampaign],
        account_of: Callable[[Campaign], Account],
        output: Path,
        also: Sequence[Path] = (),
    ) -> None:
        """`load` reads `file`; `account_of` returns the account that pays for the campaign.

        `output` has the records of its images. `also`: further files whose change means that the
        campaign is loaded again.
        """
        self._also = also
        self._output = output
        self._file = file
        self._load = load
        self._account_of = account_of
        self._loaded: LoadedCampaign | None = None
        self._seen: Mapping[Path, tuple[int, int]] = {}
        # A few plans of each stage: of the rounds shown and of those that a run would render, each
        # with re-rolls and without.
        self._drafts: list[tuple[tuple[Mapping[CellName, Round], FurtherTakes], Sequence[Job]]] = []
        self._finals: list[tuple[tuple[Picks, FurtherTakes], Sequence[Job]]] = []

    @property
    def campaign(self) -> Campaign:
        return self._planned.campaign

    @property
    def _planned(self) -> LoadedCampaign:
        if self._loaded is None:
            raise RuntimeError("the campaign has not been loaded")
        return self._loaded

    def edited(self) -> bool:
        return self._file_times(self._loaded) != self._seen

    async def load(self) -> ReviewedCampaign:
        return await asyncio.to_thread(self._read)

    def drafts(
        self, rounds: Mapping[CellName, Round], further: FurtherTakes = NO_FURTHER_TAKES
    ) -> Sequence[Job]:
        """See `Planner`; prompts are written only if the files or the rounds changed."""
        beyond = {cell: round_ for cell, round_ in rounds.items() if round_ != Round()}
        planner = CampaignPlanner(self._planned)
        return _remembered(self._drafts, (beyond, further), lambda: planner.drafts(beyond, further))

    def finals(self, picks: Picks, further: FurtherTakes = NO_FURTHER_TAKES) -> Sequence[Job]:
        """See `Planner`; prompts are written only if the files or the approvals changed."""
        planner = CampaignPlanner(self._planned)
        return _remembered(self._finals, (picks, further), lambda: planner.finals(picks, further))

    def _file_times(self, loaded: LoadedCampaign | None) -> dict[Path, tuple[int, int]]:
        return _times([*_files(self._file, loaded), *self._also])

    def checks(self) -> CampaignChecks | None:
        """See `ReviewSource`."""
        return open_checks(self._planned, self._output) if self.campaign.checks else None

    def ad_files(
        self,
        state: CampaignState,
        *,
        stage: Stage,
        windows: Windows,
        checks: CampaignChecks | None,
    ) -> AdFilePlan:
        """See `ReviewSource`."""
        if not makes_ad_files(self._planned):
            return AdFilePlan(files=(), missing={})
        return plan_ad_files(self._planned, state, windows=windows, stage=stage, checks=checks)

    def _read(self) -> ReviewedCampaign:
        # Noted before reading, so that a file that is written meanwhile is read again.
        before = self._file_times(self._loaded)
        self._seen = before
        loaded = self._load()
        self._seen = {
            path: before.get(path, time) for path, time in self._file_times(loaded).items()
        }
        campaign, profile = loaded.campaign, loaded.profile
        reviewed = ReviewedCampaign(
            campaign=campaign,
            cells=tuple(expand(loaded)),
            prices={
                stage: profile.highest_price(one.quality, one.model)
                for stage, one in campaign.stages.items()
            },
            caps=profile.caps,
            account=self._account_of(campaign),
            budget=campaign_budget(campaign, profile),
            play_money=profile.play_money,
            makes_ad_files=makes_ad_files(loaded),
            repeats=profile.caps.varies,
        )
        self._loaded = loaded
        self._drafts, self._finals = [], []
        return reviewed


Question = TypeVar("Question")


def _remembered(
    plans: list[tuple[Question, Sequence[Job]]],
    question: Question,
    plan: Callable[[], Sequence[Job]],
) -> Sequence[Job]:
    """Return the plan for a question: one of the last four if it fits, otherwise a new one."""
    for known, jobs in plans:
        if known == question:
            return jobs
    jobs = plan()
    plans[:] = [*plans[-3:], (question, jobs)]
    return jobs


_PATTERNS = ("*.yaml", "*.yml", "*.j2")


def _times(files: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Return size and modification time of every file that the campaign may consist of."""
    times: dict[Path, tuple[int, int]] = {}
    for path in files:
        try:
            found = path.stat()
        except OSError:
            times[path] = (-1, -1)
        else:
            times[path] = (found.st_size, found.st_mtime_ns)
    return times


def _files(file: Path, loaded: LoadedCampaign | None) -> Iterator[Path]:
    folder = file.parent
    for pattern in _PATTERNS:
        yield from folder.glob(pattern)
        yield from folder.parent.glob(pattern)
    if loaded is not None:
        yield from (reading.path for reading in loaded.templates.files.values())
        yield from (folder / feed for feed in loaded.campaign.feeds)
