"""Verdicts from the shell, given through the same code as the page's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_never

from pipeline.adfiles.record import AdFileRecord
from pipeline.app.campaign import account_of, load
from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import hold_to_file
from pipeline.app.open import campaign_ledger
from pipeline.app.options import CampaignOptions, next_step
from pipeline.app.run.facts import reviewer_name
from pipeline.campaign.loading import LoadedCampaign
from pipeline.errors import CampaignError, LocalFault, PipelineError, UsageError
from pipeline.ledger.base import Ledger
from pipeline.model.entry import CampaignRecord
from pipeline.model.names import Account, Slug, Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.prompts.cells import expand
from pipeline.review.review_file_sync import ReviewFile, ReviewFileSync, VerdictSnapshot
from pipeline.review.verdicts import CellsDecided, UnboundVerdict, decide_cells, stamp
from pipeline.settings import Settings
from pipeline.state.campaign_state import CampaignState, cell_table
from pipeline.state.checks.results import open_checks
from pipeline.state.output.ad_files import (
    AdFileResults,
    checked_ad_files,
    makes_ad_files,
    plan_ad_files,
)
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import is_alive
from pipeline.state.payers import images_to_share
from pipeline.state.survey import survey
from pipeline.suggestions import listing


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictOptions(CampaignOptions):
    """One decision on the cells that a glob names."""

    decision: Decision
    cells: str
    """A glob over cell names."""
    stage: Stage = Stage.DRAFT
    take: int | None = None
    """The take that is approved; required if a cell has several."""
    note: str = ""
    by: str | None = None
    """Who decides; `None`: the name that `reviewer_name` returns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictsGiven:
    """The verdicts that were recorded, and the command that follows from them."""

    decided: CellsDecided
    next: str | None
    unwritten: PipelineError | None = None
    """Why the review file was not written; the ledger has the verdicts all the same."""

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """The verdicts that were asked for."""
        return self.decided.verdicts


def give_verdicts(options: VerdictOptions, settings: Settings) -> VerdictsGiven:
    """Record one decision on every cell that the glob names, and write the review file."""
    return run_in_loop(_give(load(options, settings), options, settings))


async def _give(
    loaded: LoadedCampaign, options: VerdictOptions, settings: Settings
) -> VerdictsGiven:
    output, campaign = open_output(settings.output), loaded.campaign.slug
    now = datetime.now(UTC)
    hold_to_file(output, campaign, options.campaign)
    async with campaign_ledger(output, campaign) as ledger:
        alive = await is_alive(ledger, settings.output, campaign)
        state = await survey(ledger, loaded, shown=True, alive=alive)
        sharing = images_to_share(state.jobs, state.entries)
        if sharing and await ledger.share(sharing):
            state = await survey(ledger, loaded, shown=True, alive=state.alive)
        opinion = UnboundVerdict(
            decision=options.decision,
            by=options.by or reviewer_name(),
            at=now,
            take=options.take,
            note=options.note,
        )
        if options.stage is Stage.FINAL and not state.finals:
            raise UsageError(
                "no cell has a final yet: they are rendered of approved drafts.\n"
                f"Next  {next_step(options, 'approve', options.cells)}"
            )
        try:
            decided = await decide_cells(
                ledger, campaign, state.of(options.stage), glob=options.cells, opinion=opinion
            )
        except UsageError as error:
            account = account_of(loaded.campaign, settings)
            hint = _elsewhere(await ledger.record(campaign), account=account)
            raise UsageError(f"{error}{hint}") from error
        file = review_file_of(options.campaign, campaign, output=output)
        unwritten = None
        try:
            await write_review_file(ledger, loaded, state, file, now=now)
        except (CampaignError, UsageError, LocalFault) as error:
            unwritten = error
    return VerdictsGiven(decided=decided, next=_next(options), unwritten=unwritten)


def _elsewhere(record: CampaignRecord, *, account: Account) -> str:
    """Return a hint at the accounts on which a campaign was rendered, if this is none of them."""
    others = {*record.accounts.values()}
    if not others or account in others:
        return ""
    names = sorted({one.partition("@")[0] for one in others})
    return (
        f"\nThis is about {account}; the campaign was rendered on {listing(names, last='and')}: "
        f"add --provider {names[0]}"
    )


def review_file_of(file: Path, campaign: Slug, *, output: Path) -> ReviewFile:
    """Return the review file of a campaign."""
    return ReviewFile(
        path=file.parent / "reviews" / f"{campaign}.yaml",
        copy=output / campaign / "review-copy.yaml",
    )


async def write_review_file(
    ledger: Ledger, loaded: LoadedCampaign, state: CampaignState, file: ReviewFile, *, now: datetime
) -> None:
    """Write the review file as the page does, after importing edits of it.

    `state` is in the rounds that a person looks at.
    """
    output = file.copy.parents[1]
    record = AdFileRecord(output, loaded.campaign.slug)
    snapshot = VerdictSnapshot(
        ledger=ledger,
        campaign=loaded.campaign.slug,
        table=cell_table(loaded.campaign, tuple(expand(loaded)), state),
        entries=state.entries,
        newest=dict(await ledger.verdicts(loaded.campaign.slug)),
        ad_files=record,
        ad_file_results=_results(loaded, state, record, output),
    )
    await ReviewFileSync(review_state=snapshot, file=file).sync(now=stamp(now))


def _results(
    loaded: LoadedCampaign, state: CampaignState, record: AdFileRecord, output: Path
) -> AdFileResults:
    """Return the results of the campaign's checks of its ad files, by path."""
    if not loaded.campaign.checks or not makes_ad_files(loaded):
        return {}
    checks = open_checks(loaded, output)
    plan = plan_ad_files(loaded, state, windows=record.windows, checks=checks)
    found = ((one.path, record.find(one.path)) for one in plan.files)
    return checked_ad_files(checks, state, {path: row for path, row in found if row}, plan)


def _next(options: VerdictOptions) -> str | None:
    match options.decision:
        case Decision.APPROVED:
            return next_step(options, "run")
        case Decision.REDO:
            return next_step(options, "run", "--stage", options.stage)
        case Decision.REJECTED | Decision.UNDECIDED:
            return None
        case _:
            assert_never(options.decision)
