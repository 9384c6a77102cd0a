"""Verdicts from the shell, given through the same code as the page's."""

import asyncio
import getpass
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from pipeline.app.campaign import load
from pipeline.app.next_steps import next_step
from pipeline.app.open import ledger_in
from pipeline.app.options import CampaignOptions
from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.campaign import Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.verdicts import UnboundVerdict, decide_cells
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import run_is_alive
from pipeline.state.survey import survey


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

    verdicts: tuple[Verdict, ...]
    next: str | None


def give_verdicts(options: VerdictOptions, settings: Settings) -> VerdictsGiven:
    """Record one decision on every cell that the glob names: on all of them, or on none."""
    verdicts = asyncio.run(_give(load(options), options, settings))
    return VerdictsGiven(verdicts=verdicts, next=_next(options))


async def _give(
    loaded: LoadedCampaign, options: VerdictOptions, settings: Settings
) -> tuple[Verdict, ...]:
    async with ledger_in(open_output(settings.output)) as ledger:
        alive = run_is_alive(settings.output, loaded.campaign.slug)
        state = await survey(ledger, loaded, shown=True, alive=alive)
        return await decide_cells(
            ledger,
            loaded.campaign.slug,
            state.of(options.stage),
            glob=options.cells,
            opinion=UnboundVerdict(
                decision=options.decision,
                by=options.by or reviewer_name(),
                at=datetime.now(UTC),
                take=options.take,
                note=options.note,
            ),
        )


def reviewer_name() -> str:
    """Return the reviewer's name: PIPELINE_REVIEWER, else the login name."""
    try:
        return os.environ.get("PIPELINE_REVIEWER") or getpass.getuser()
    except (OSError, KeyError):
        return "shell"


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
