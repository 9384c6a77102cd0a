"""The status of campaigns, from the ledger alone.

Loader, HTTP client and event loop are not imported, so that the command starts fast.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.named_campaign import campaign_in
from pipeline.app.open import ledger_in, run_reading
from pipeline.ledger.base import Ledger
from pipeline.ledger.place import ledger_exists
from pipeline.model.entry import RunRecord
from pipeline.model.money import Amount, MoneyFormat, Spent
from pipeline.model.names import Account, Slug
from pipeline.model.outcome import Status
from pipeline.model.ticket import Ticket
from pipeline.state.ledger_figures import (
    LedgerFigures,
    ledger_figures,
    ordered_amount,
    spent_by_account,
)
from pipeline.state.output.campaign_file import given_provider, recorded_file
from pipeline.state.output.lock import is_alive
from pipeline.state.output.lost_runs import all_lost_runs
from pipeline.state.output.run_folders import has_finals, money_of, newest_table


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignSummary:
    """The status of one campaign."""

    run: RunRecord
    """The newest run."""
    alive: bool
    """True if a run is active."""
    figures: LedgerFigures
    spent: Mapping[Account, Spent]
    """By account; that of the newest run comes first."""
    money: Mapping[Account, MoneyFormat]
    """How the amounts of each account are written."""
    ordered: Mapping[Account, Amount]
    """What of the money in doubt is reserved for ordered images, by account."""
    tickets: Sequence[Ticket]
    """The open ones, oldest first."""
    file: Path | None
    """The campaign file, if it is where it was."""
    provider: str | None
    """The provider that the newest run was given on the command line."""
    missed: int
    """Images that missed a check of the campaign in the newest run."""

    @property
    def to_do(self) -> list[tuple[str, str]]:
        """What has to be done next: in words with a number, and the command that does it.

        The first is the next step. Empty if nothing is left to do, or while a run is active.
        """
        if self.alive:
            return []
        counts = sum(map(Counter, self.figures.images.values()), Counter[Status]())
        figures = self.figures
        steps = (
            (counts[Status.IN_DOUBT], "in doubt", "resolve"),
            (counts[Status.PENDING_DOWNLOAD], "to download", "run"),
            (counts[Status.ORDERED], "ordered", "run"),
            (figures.to_render, "to render", "run"),
            (figures.to_review, "to review", "review"),
            (figures.finals_due, "approved since", "run"),
            (counts[Status.REFUSED] + counts[Status.FAILED], "failed", "ls --status failed"),
            (counts[Status.PAID_LOST], "paid and lost", "run --rebuy-lost"),
        )
        return [(f"{count:,} {words}", command) for count, words, command in steps if count]


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    """The status of campaigns."""

    campaigns: Sequence[CampaignSummary]
    ledger: bool
    """True if there is a ledger."""
    lost: Sequence[str]
    """Messages about campaigns of which the ledger lacks runs."""


def read_status(file: Path | None, output: Path) -> StatusReport:
    """Return the status of one campaign, or of each that has been run."""
    if not ledger_exists(output):
        lost = run_reading(all_lost_runs(None, output))
        return StatusReport(campaigns=(), ledger=False, lost=lost)
    campaign = None if file is None else campaign_in(output, file)
    return run_reading(_read(output, campaign))


async def _read(output: Path, campaign: Slug | None) -> StatusReport:
    async with ledger_in(output, read_only=True) as ledger:
        newest: dict[Slug, RunRecord] = {}
        for record in await ledger.runs(campaign):
            newest.setdefault(record.campaign, record)
        summaries = [await _summary(ledger, record, output) for record in newest.values()]
        lost = await all_lost_runs(ledger, output)
    return StatusReport(campaigns=summaries, ledger=True, lost=lost)


async def _summary(ledger: Ledger, record: RunRecord, output: Path) -> CampaignSummary:
    alive = await is_alive(ledger, output, record.campaign)
    spent = await spent_by_account(ledger, record.campaign)
    listed = newest_table(output, record.campaign)
    return CampaignSummary(
        run=record,
        alive=alive,
        figures=ledger_figures(
            await ledger.record(record.campaign),
            listed=listed,
            alive=alive,
            finals=has_finals(output, record.campaign),
        ),
        file=recorded_file(output, record.campaign),
        provider=given_provider(output, record.campaign),
        spent=spent,
        ordered={
            account: await ordered_amount(ledger, record.campaign, account) for account in spent
        },
        tickets=await ledger.open_tickets(campaign=record.campaign),
        money={account: money_of(output, record.campaign, account) for account in spent},
        missed=sum(bool(image.missed) for image in (listed or {}).values()),
    )
