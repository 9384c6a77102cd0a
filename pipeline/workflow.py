"""The whole story on one page: plan, render, choose, render, account."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.errors import LocalFault
from pipeline.executors.base import Executor
from pipeline.ledger.base import Entry, Ledger
from pipeline.ledger.collecting import uncollected
from pipeline.model.campaign import CellName, Review, Stage
from pipeline.model.credits import Credits
from pipeline.model.job import Job, JobKey, keys_of
from pipeline.model.outcome import Outcome, Stored
from pipeline.model.run import Run
from pipeline.model.verdict import Decision, Pick
from pipeline.planning.blueprint import Blueprint
from pipeline.planning.expansion import expand, name_of, spots
from pipeline.planning.jobs import plan_drafts, plan_finals
from pipeline.rendering.payers import settle_payers, share_out
from pipeline.rendering.renderer import Renderer
from pipeline.reviewing.choosing import Look, auto_verdicts
from pipeline.reviewing.rounds import read_rounds, shown_rounds
from pipeline.reviewing.verdicts import Newest, StaleApproval, picks_from
from pipeline.runs.due import Rules
from pipeline.runs.forecast import forecast
from pipeline.runs.proofs import finals_repeat_drafts
from pipeline.runs.watching import StageOpening, Watcher


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the caller wants of this run."""

    stages: frozenset[Stage] = frozenset(Stage)
    only: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """Everything a run works with, opened by the caller."""

    run: Run
    blueprint: Blueprint
    ledger: Ledger
    executor: Executor
    renderer: Renderer
    rules: Rules
    look: Look
    watcher: Watcher


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A campaign as it stands now: its jobs, and what is known of them."""

    jobs: Sequence[Job]
    """Every image of the campaign, also of cells that are not asked for."""
    asked: frozenset[CellName] | None
    """The cells that are asked for; `None`: all of them."""
    drafts: Sequence[Job]
    """Of the cells that are asked for, and below."""
    finals: Sequence[Job]
    """Of approved cells, or of all cells where nobody is asked."""
    entries: Mapping[JobKey, Entry]
    verdicts: Newest
    stale: Sequence[StaleApproval]
    waiting: Sequence[CellName]
    """Cells whose drafts are all there and wait for a person."""

    def of(self, stage: Stage) -> Sequence[Job]:
        """The jobs of one stage."""
        return self.drafts if stage is Stage.DRAFT else self.finals


async def run_campaign(work: Work, wish: Wish) -> Standing:
    """Bring a campaign as far as it can go; safe to call again after any ending.

    Nothing is sent before every prompt of both stages has been written.
    """
    await work.ledger.begin(work.run)
    standing = await survey(work.ledger, work.blueprint, only=wish.only)
    prove_finals(work.blueprint, only=wish.only)
    await work.renderer.warm_up(now=work.rules.now)
    stages = wish.stages & set(work.blueprint.campaign.stages)
    for stage in (one for one in Stage if one in stages):
        await render_stage(work, stage, standing)
        await choose(work, stage, standing)
        standing = await survey(work.ledger, work.blueprint, only=wish.only)
    return standing


async def survey(
    ledger: Ledger, blueprint: Blueprint, *, only: Sequence[str] = (), shown: bool = False
) -> Standing:
    """Plan the campaign against what the ledger knows of it; writes nothing, sends nothing.

    `shown` looks as a person does: a round that was asked for and not begun shows the one before.
    """
    with uncollected():
        return await _surveyed(ledger, blueprint, only=only, shown=shown)


async def _surveyed(
    ledger: Ledger, blueprint: Blueprint, *, only: Sequence[str], shown: bool
) -> Standing:
    campaign = blueprint.campaign.slug
    verdicts = await ledger.verdicts(campaign)
    rounds = await read_rounds(ledger, campaign)
    again = await read_rounds(ledger, campaign, stage=Stage.FINAL)
    if shown:
        known = await ledger.campaign_entries(campaign)
        rounds = shown_rounds(rounds, verdicts, known)
        again = shown_rounds(again, verdicts, known, stage=Stage.FINAL)
    selected = None
    if only:
        selected = frozenset(cell.name for cell in expand(blueprint, only=only))
    planned = await _listed(lambda: plan_drafts(blueprint, rounds=rounds))
    entries = dict(await ledger.entries(keys_of(planned)))
    paid = settle_payers(planned, entries, selected=None)
    picks = picks_from(verdicts, paid, entries, rounds=rounds, finals=again)
    wanted = await _listed(
        lambda: plan_finals(blueprint, picks=picks.approved, rounds=picks.rounds)
    )
    entries.update(await ledger.entries(keys_of(wanted)))
    all_drafts = share_out(planned, entries, selected=selected)
    all_finals = share_out(wanted, entries, selected=selected)
    drafts = _of_cells(all_drafts, selected)
    return Standing(
        jobs=[*all_drafts, *all_finals],
        asked=selected,
        drafts=drafts,
        finals=_of_cells(all_finals, selected),
        entries=entries,
        verdicts=verdicts,
        stale=picks.stale,
        waiting=waiting_cells(blueprint, drafts, entries, verdicts),
    )


def _of_cells(jobs: Sequence[Job], selected: frozenset[CellName] | None) -> Sequence[Job]:
    return jobs if selected is None else [job for job in jobs if job.at.cell in selected]


async def _listed(draw: Callable[[], Iterator[Job]]) -> list[Job]:
    """Every job that is drawn, off the event loop."""
    return await asyncio.to_thread(lambda: [*draw()])


def prove_finals(blueprint: Blueprint, *, only: Sequence[str] = ()) -> None:
    """Write every final's prompt as if all cells were approved, once their drafts are written.

    A template that fails only for finals must be found before the drafts are paid for. Where
    finals say what drafts say there is nothing left to prove.
    """
    if Stage.FINAL in blueprint.campaign.stages and not finals_repeat_drafts(blueprint):
        plan_finals(blueprint, picks=_all_picked(blueprint, only), only=only)


def price_finals(blueprint: Blueprint, *, only: Sequence[str] = ()) -> Credits:
    """What finals of all cells cost together; proves them on the way."""
    jobs = plan_finals(blueprint, picks=_all_picked(blueprint, only), only=only)
    return Credits(sum(job.price for job in jobs))


def _all_picked(blueprint: Blueprint, only: Sequence[str]) -> Mapping[CellName, Pick]:
    """Every cell with its first take chosen; none where nobody is asked."""
    draft = blueprint.campaign.stages.get(Stage.DRAFT)
    if draft is None or draft.review is Review.NONE:
        return {}
    first = Pick(round=1, take=1, job=JobKey(""), sha256="")
    return dict.fromkeys((name_of(blueprint, s.point) for s in spots(blueprint, only=only)), first)


def waiting_cells(
    blueprint: Blueprint,
    drafts: Sequence[Job],
    entries: Mapping[JobKey, Entry],
    verdicts: Newest,
) -> list[CellName]:
    """Cells with a stored draft and no verdict that still stands, where a person is asked."""
    settings = blueprint.campaign.stages.get(Stage.DRAFT)
    if settings is None or settings.review is Review.NONE:
        return []
    waiting = (job.at.cell for job in drafts if awaits_verdict(job, entries, verdicts))
    return list(dict.fromkeys(waiting))


def awaits_verdict(draft: Job, entries: Mapping[JobKey, Entry], verdicts: Newest) -> bool:
    """Whether a draft is stored, and nothing that was said of its cell is about its round."""
    entry = entries.get(draft.payer or draft.key)
    if entry is None or not isinstance(entry.outcome, Stored):
        return False
    verdict = verdicts.get((draft.at.cell, Stage.DRAFT))
    if verdict is None or verdict.round != draft.at.round:
        return True
    return verdict.decision is Decision.UNDECIDED


async def render_stage(work: Work, stage: Stage, standing: Standing) -> None:
    """Render what is due of one stage."""
    ahead = forecast(standing.of(stage), standing.entries, work.rules)
    work.watcher.opened(
        StageOpening(
            stage=stage,
            jobs=ahead.jobs,
            to_buy=len(ahead.to_buy),
            to_fetch=len(ahead.to_fetch),
            credits=ahead.credits,
        )
    )

    to_do = [*ahead.to_fetch, *ahead.to_buy]
    if to_do:
        known = await work.ledger.campaign_entries(work.run.campaign)
        await work.renderer.clear_places(to_do, known)

    async def render(job: Job) -> Outcome | None:
        outcome = await work.renderer.render(job, standing.entries.get(job.key))
        if isinstance(outcome, Stored):
            try:
                await work.look(job, outcome.artifact)
            except LocalFault as fault:  # who is waiting for a paid answer must not be cancelled
                work.renderer.stop(fault)
        return outcome

    try:
        await work.executor.execute(_stream(to_do), render, work.watcher.delivered)
    except BaseExceptionGroup as several:
        raise _gravest(several) from several
    finally:
        work.watcher.closed(stage)


async def _stream(jobs: Sequence[Job]) -> AsyncIterator[Job]:
    for job in jobs:
        yield job


def _gravest(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """One ending for a group of workers: a fault of this machine, else the first."""
    flat = [
        _gravest(error) if isinstance(error, BaseExceptionGroup) else error
        for error in several.exceptions
    ]
    return next((error for error in flat if isinstance(error, LocalFault)), flat[0])


async def choose(work: Work, stage: Stage, standing: Standing) -> None:
    """Let the checks give the verdicts on drafts, where the campaign says so."""
    settings = work.blueprint.campaign.stages[stage]
    if stage is Stage.DRAFT and settings.review is Review.AUTO:
        await auto_verdicts(
            work.ledger,
            work.blueprint.campaign.slug,
            standing.drafts,
            look=work.look,
            now=datetime.now(UTC),
        )
