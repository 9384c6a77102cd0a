"""The campaign as the open pages show it, kept up to date with the ledger and the files."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pipeline.adfiles.contents.picture_contents import ContentsRecord
from pipeline.adfiles.record import AdFileRecord
from pipeline.errors import CampaignError
from pipeline.images.registry import images_in
from pipeline.ledger.base import Ledger
from pipeline.ledger.garbage_collection import collection_paused
from pipeline.model.artifact import Artifact
from pipeline.model.entry import CampaignRecord, Entry
from pipeline.model.money import Spent
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.outcome import Stored
from pipeline.model.run import Run, RunId
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.ad_files import AdFileState, ad_file_states
from pipeline.review.comments import CommentRecord
from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.campaign_source import ReviewedCampaign, ReviewSource
from pipeline.review.page.page_json import figures_json, row_json
from pipeline.state.budgets import BudgetLeft, budgets_left
from pipeline.state.campaign_state import CampaignState, CellTable, cell_at_stage, cell_table, short
from pipeline.state.checks.rerolls import most_rerolls
from pipeline.state.checks.results import CampaignChecks
from pipeline.state.due import Rules
from pipeline.state.figures import (
    LaunchQuote,
    RerollRules,
    StageFigures,
    launch_quote,
    stage_figures,
)
from pipeline.state.lookup import Entries, Newest, newest_of
from pipeline.state.output.ad_files import AdFilePlan, AdFileResults, checked_ad_files
from pipeline.state.output.lock import is_alive
from pipeline.state.payers import images_to_share
from pipeline.state.survey import state_from


@dataclass(frozen=True, kw_only=True, slots=True)
class SurveyedCampaign:
    """One survey of the campaign, with everything that the pages show."""

    reviewed: ReviewedCampaign
    record: CampaignRecord
    shown: CampaignState
    """The state in the rounds that a person looks at."""
    ahead: CampaignState
    """The state in the rounds that a run would render."""
    table: CellTable
    figures: Mapping[Stage, StageFigures]
    checks: CampaignChecks | None = None
    """What is known of the images; `None` if the campaign has no checks."""


class ReviewState:
    """Holds the survey of one campaign and sends its changes to the open pages."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        campaign: Slug,
        source: ReviewSource,
        output: Path,
        broadcast: Broadcast,
        clock: Callable[[], datetime],
    ) -> None:
        self.ledger = ledger
        self.campaign = campaign
        self.broadcast = broadcast
        self.spent = Spent()
        """Credits spent on the campaign by its account, over all rounds and stages."""
        self.ad_files = AdFileRecord(output, campaign)
        """The campaign's ad files, with their approvals and chosen windows."""
        self.ad_file_states: dict[int, AdFileState] = {}
        """What there is of each cell's ad files, by the number of the cell."""
        self.ad_file_results: AdFileResults = {}
        """The results of the campaign's checks, by the path of each final's ad file."""
        self.comments = CommentRecord(output, campaign)
        """What reviewers said about images without a verdict."""
        self._ad_file_plans: dict[Stage, tuple[CampaignState, object, AdFilePlan]] = {}
        self._source = source
        self._output = output
        self._store = images_in(output)
        self._clock = clock
        self._complaints: dict[str, str] = {}
        self._reviewed: ReviewedCampaign | None = None
        self._load_error = ""
        self._survey: SurveyedCampaign | None = None
        self._table: CellTable | None = None
        self._newest: dict[tuple[CellName, Stage], Verdict] = {}
        self._images: Mapping[str, Artifact] = {}
        self._refreshing = asyncio.Lock()
        self._seen: tuple[int, bool] = (-1, False)
        """The ledger's write mark at the last survey, and True if a run was alive then."""

    @property
    def table(self) -> CellTable:
        """All cells as they are now; available after the first `refresh`."""
        if self._table is None:
            raise RuntimeError("the campaign has not been surveyed yet")
        return self._table

    @property
    def surveyed(self) -> SurveyedCampaign:
        """The last survey; later verdicts are in `table` only."""
        if self._survey is None:
            raise RuntimeError("the campaign has not been surveyed yet")
        return self._survey

    @property
    def entries(self) -> Entries:
        """The ledger's entries of the campaign's jobs, as of the last survey."""
        return self.surveyed.shown.entries

    @property
    def newest(self) -> Newest:
        """The newest verdict of each cell and stage."""
        return self._newest

    @property
    def complaint(self) -> str:
        """The errors that every page shows; while there are any, cells may be out of date."""
        return "\n".join(self._complaints.values())

    def complain(self, about: str, words: str) -> None:
        """Show an error on every page; empty `words` remove the one about this subject."""
        before = self.complaint
        self._complaints.pop(about, None)
        if words:
            self._complaints[about] = words
        if self.complaint != before:
            self.broadcast.send("complaint", {"message": self.complaint})

    def image(self, name: str) -> Artifact | None:
        """Return an image of the campaign by its short hash, also of earlier rounds and prompts."""
        return self._images.get(name)

    def quote(self, stage: Stage) -> LaunchQuote:
        """Return what launching a stage would buy, as of the last survey."""
        surveyed = self.surveyed
        campaign = surveyed.reviewed.campaign
        settings = campaign.stages.get(stage)
        rerolls = RerollRules(
            most=most_rerolls(campaign.checks, stage),
            takes=settings.takes if settings is not None else 1,
            checks=surveyed.checks,
        )
        return launch_quote(surveyed.ahead, stage, self._rules(surveyed.reviewed), rerolls)

    async def budgets(self) -> tuple[BudgetLeft, ...]:
        """Return every budget that limits the next launch, the tightest first."""
        reviewed = self.surveyed.reviewed
        run = Run(id=RunId("review"), campaign=self.campaign, account=reviewed.account)
        found = await budgets_left(self.ledger, run=run, budget=reviewed.budget, now=self._clock())
        return tuple(sorted(found, key=lambda budget: budget.left))

    async def refresh(self) -> None:
        """Survey the campaign again if files, ledger or lock changed, and update the pages.

        Raises `CampaignError` only before the first survey; later it becomes `complaint`.
        """
        async with self._refreshing:
            alive = await is_alive(self.ledger, self._output, self.campaign)
            seen = (await self.ledger.written(), alive)
            made = await asyncio.to_thread(self.ad_files.refresh)
            if await asyncio.to_thread(self.comments.refresh):
                self.show_comments()
            if self._survey is not None and seen == self._seen and not self._source.edited():
                if made:
                    await self.show_ad_files()
                return
            record = await self.ledger.record(self.campaign)
            self._learn(newest_of(record.verdicts))
            if not self._changed(record, alive=seen[1]):
                self._seen = seen
                if made:
                    await self.show_ad_files()
                return
            reviewed = await self._load()
            try:
                fresh = await asyncio.to_thread(self._surveyed, reviewed, record, alive=seen[1])
            except CampaignError as error:
                if self._survey is None:
                    raise
                self.complain("campaign", str(error))
                return
            self.complain("campaign", self._load_error)
            self._seen = seen
            await self._show(fresh)

    def apply(self, verdicts: Sequence[Verdict]) -> None:
        """Add verdicts that the ledger has recorded, and update the pages."""
        state = self.surveyed.shown
        rows = list(self.table.rows)
        changed: list[object] = []
        for verdict in verdicts:
            self._newest[verdict.cell, verdict.stage] = verdict
            number = self.table.number.get(verdict.cell)
            before = rows[number].at(verdict.stage) if number is not None else None
            if number is None or before is None:
                continue
            after = cell_at_stage(before.jobs, state.entries, verdict, alive=state.alive)
            rows[number] = rows[number].with_stage(verdict.stage, after)
            changed.append(row_json(number, rows[number], verdict.stage))
        if changed:
            self._table = replace(self.table, rows=tuple(rows))
            self.broadcast.send("rows", changed)

    async def keep_shared_images(self) -> None:
        """Give cells that share a stored image that image as their own, before a verdict.

        A run does this when it ends, unless it is killed; older versions did not.
        """
        state = self.surveyed.shown
        sharing = images_to_share(state.jobs, state.entries)
        if sharing:
            await self.ledger.share(sharing)

    def contents(self) -> ContentsRecord:
        """Return what is known of the campaign's pictures; reads the record."""
        return ContentsRecord(self._output, self.campaign)

    def plan_ad_files(self, stage: Stage) -> AdFilePlan:
        """Return the ad files of a stage, as of the last survey and the newest windows; blocks."""
        state = self.surveyed.shown
        windows = {place: one.revision for place, one in self.ad_files.windows.items()}
        known = self._ad_file_plans.get(stage)
        if known is None or known[0] is not state or known[1] != windows:
            plan = self._source.ad_files(
                state, stage=stage, windows=self.ad_files.windows, checks=self._source.checks()
            )
            known = self._ad_file_plans[stage] = (state, windows, plan)
        return known[2]

    def _check_ad_files(self, plan: AdFilePlan) -> AdFileResults:
        """Return the results of the campaign's checks, by the path of each final's ad file."""
        checks = self._source.checks()
        if checks is None:
            return {}
        found = ((one.path, self.ad_files.find(one.path)) for one in plan.files)
        rows = {path: row for path, row in found if row is not None}
        return checked_ad_files(checks, self.surveyed.shown, rows, plan)

    async def show_ad_files(self) -> None:
        """Send which cells have other ad files, approvals or windows than before."""
        before, table = self.ad_file_states, self.table
        plan = await asyncio.to_thread(self.plan_ad_files, Stage.FINAL)
        self.ad_file_results = await asyncio.to_thread(self._check_ad_files, plan)
        fresh = ad_file_states(plan, self.ad_files, table, self.ad_file_results)
        self.ad_file_states = fresh
        numbers = fresh.keys() | before.keys()
        changed = {n: fresh.get(n) for n in numbers if fresh.get(n) != before.get(n)}
        if changed:
            self.broadcast.send("adfiles", changed)

    def open_comments(self) -> dict[Stage, dict[int, int]]:
        """Return the number of open comments by stage, and by the number of the cell."""
        counts: dict[Stage, dict[int, int]] = {stage: {} for stage in Stage}
        for (cell, stage), count in self.comments.open().items():
            number = self.table.number.get(cell)
            if number is not None:
                counts[stage][number] = count
        return counts

    def show_comments(self) -> None:
        """Send which cells have open comments."""
        if self._table is not None:
            self.broadcast.send("comments", self.open_comments())

    def _learn(self, verdicts: Newest) -> None:
        for place, verdict in verdicts.items():
            known = self._newest.get(place)
            if known is None or known.revision < verdict.revision:
                self._newest[place] = verdict

    def _changed(self, record: CampaignRecord, *, alive: bool) -> bool:
        """Return True if the ledger, the lock or the files have changed since the last survey."""
        if self._survey is None or self._source.edited():
            return True
        before = self._survey
        return (
            alive != before.shown.alive
            or self._newest != before.shown.verdicts
            or record.entries != before.record.entries
        )

    async def _load(self) -> ReviewedCampaign:
        """Read edited files; if they cannot be used, keep the campaign as it was."""
        if self._reviewed is not None and not self._source.edited():
            return self._reviewed
        try:
            self._reviewed = await self._source.load()
        except CampaignError as error:
            if self._reviewed is None:
                raise
            self._load_error = str(error)
        else:
            self._load_error = ""
        return self._reviewed

    def _surveyed(
        self, reviewed: ReviewedCampaign, record: CampaignRecord, *, alive: bool
    ) -> SurveyedCampaign:
        with collection_paused():
            return self._survey_from(reviewed, record, alive=alive)

    def _survey_from(
        self, reviewed: ReviewedCampaign, record: CampaignRecord, *, alive: bool
    ) -> SurveyedCampaign:
        checks = self._source.checks()
        shown = state_from(record, self._source, shown=True, alive=alive, checks=checks)
        ahead = shown
        if any(verdict.decision is Decision.REDO for verdict in shown.verdicts.values()):
            ahead = state_from(record, self._source, alive=alive, checks=checks)
        version = self._table.version if self._table is not None else 1
        rules = self._rules(reviewed)
        return SurveyedCampaign(
            reviewed=reviewed,
            record=record,
            shown=shown,
            ahead=ahead,
            table=cell_table(reviewed.campaign, reviewed.cells, shown, version=version),
            figures={stage: stage_figures(ahead, stage, rules) for stage in Stage},
            checks=checks,
        )

    def _rules(self, reviewed: ReviewedCampaign) -> Rules:
        return Rules(images=self._store, caps=reviewed.caps, now=self._clock())

    async def _show(self, fresh: SurveyedCampaign) -> None:
        spent = await self.ledger.spent(campaign=self.campaign, account=fresh.reviewed.account)
        before, table = self._survey, self._table
        self._survey = fresh
        self._images = _images(fresh.record.entries.values())
        if table is not None and list(table.number) != list(fresh.table.number):
            self._table = replace(fresh.table, version=table.version + 1)
            self.broadcast.send("reload", {})
        else:
            self._table = fresh.table
            changed = []
            if table is not None:
                changed = await asyncio.to_thread(_differences, table, fresh.table)
            if changed:
                self.broadcast.send("rows", changed)
        if before is None or (before.figures, self.spent) != (fresh.figures, spent):
            self.spent = spent
            self.broadcast.send(
                "figures", figures_json(fresh.figures, spent, fresh.reviewed.campaign.money)
            )
        await self.show_ad_files()
        # A verdict may have been given during the survey.
        known = fresh.shown.verdicts
        self.apply(
            [verdict for place, verdict in self._newest.items() if known.get(place) != verdict]
        )


def _images(entries: Iterable[Entry]) -> dict[str, Artifact]:
    stored = (entry.outcome for entry in entries if isinstance(entry.outcome, Stored))
    return {short(outcome.artifact.sha256): outcome.artifact for outcome in stored}


def _differences(before: CellTable, after: CellTable) -> list[object]:
    return [
        row_json(number, row, stage)
        for number, (old, row) in enumerate(zip(before.rows, after.rows, strict=True))
        for stage in Stage
        if old.at(stage) != row.at(stage)
    ]
