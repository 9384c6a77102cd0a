"""Where campaigns stand, from the ledger alone.

Neither the loader nor an HTTP client is imported, so that the answer comes at once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.open import campaign_name, ledger_in
from pipeline.ledger.base import Ledger
from pipeline.ledger.registry import ledger_exists
from pipeline.model.campaign import Slug
from pipeline.model.credits import Spent
from pipeline.model.entry import RunRecord
from pipeline.model.provider import Account
from pipeline.state.budgets import spent_by_account
from pipeline.state.ledger_figures import LedgerFigures, ledger_figures
from pipeline.state.output.lock import run_is_alive
from pipeline.state.output.missing_ledger import campaigns_unknown_to_ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignStanding:
    """Where one campaign stands."""

    run: RunRecord
    """The newest one."""
    alive: bool
    """Whether a run is at work."""
    figures: LedgerFigures
    spent: Mapping[Account, Spent]
    """By account, that of the newest run first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    """Where campaigns stand."""

    campaigns: Sequence[CampaignStanding]
    ledger: bool
    """Whether there is a ledger."""
    lost: Sequence[str]
    """What to do about campaigns that were paid for and that no ledger knows."""


def read_status(file: Path | None, output: Path) -> StatusReport:
    """Return where one campaign stands, or each that has been run."""
    if not ledger_exists(output):
        lost = campaigns_unknown_to_ledger(output)
        return StatusReport(campaigns=(), ledger=False, lost=lost)
    wanted = None if file is None else campaign_name(file)
    return StatusReport(campaigns=asyncio.run(_standings(output, wanted)), ledger=True, lost=())


async def _standings(output: Path, wanted: Slug | None) -> list[CampaignStanding]:
    async with ledger_in(output, read_only=True) as ledger:
        newest: dict[Slug, RunRecord] = {}
        for record in await ledger.runs(wanted):
            newest.setdefault(record.campaign, record)
        return [await _standing(ledger, record, output) for record in newest.values()]


async def _standing(ledger: Ledger, record: RunRecord, output: Path) -> CampaignStanding:
    alive = run_is_alive(output, record.campaign)
    return CampaignStanding(
        run=record,
        alive=alive,
        figures=ledger_figures(await ledger.record(record.campaign), alive=alive),
        spent=await spent_by_account(ledger, record.campaign),
    )
