"""What the ledger knows of campaigns: where they stand, and their images.

Neither the loader nor an HTTP client is imported, so that the answer comes at once.
"""

import asyncio
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.open import campaign_name, ledger_in
from pipeline.ledger.base import Ledger
from pipeline.ledger.registry import ledger_exists
from pipeline.model.campaign import Slug
from pipeline.model.credits import Spent
from pipeline.model.entry import Entry, RunRecord
from pipeline.model.outcome import Status, Stored
from pipeline.model.provider import Account
from pipeline.state.budgets import spent_by_account
from pipeline.state.figures import LedgerFigures, ledger_figures
from pipeline.state.lookup import status_of_entry
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


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerImage:
    """One image that was asked for."""

    entry: Entry
    status: Status
    missing: bool
    """Whether its stored file is gone; the next run downloads it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageList:
    """Images of one campaign."""

    images: Sequence[LedgerImage]
    folder: Path
    """The campaign's folder, below which their files are."""


def list_images(file: Path, output: Path, *, status: Status | None = None) -> ImageList:
    """Return every image that was ever asked for, in the order of the newest run's table."""
    campaign = campaign_name(file)
    entries = asyncio.run(_entries(output, campaign)) if ledger_exists(output) else []
    order = _order(output / campaign / "latest" / "images.csv")
    entries.sort(key=lambda one: (order.get(one.at.cell, len(order)), *_coordinates(one)))
    alive = run_is_alive(output, campaign)
    images = [
        LedgerImage(
            entry=entry,
            status=status_of_entry(entry, alive=alive),
            missing=_is_missing(entry, output),
        )
        for entry in entries
    ]
    chosen = [image for image in images if status in {None, image.status}]
    return ImageList(images=chosen, folder=output / campaign)


async def _entries(output: Path, campaign: Slug) -> list[Entry]:
    async with ledger_in(output, read_only=True) as ledger:
        return [*await ledger.campaign_entries(campaign)]


def _order(table: Path) -> Mapping[str, int]:
    """Return the place of each cell in a run's table; empty if it cannot be read."""
    places: dict[str, int] = {}
    try:
        with table.open(encoding="utf-8", errors="surrogateescape", newline="") as rows:
            for row in csv.DictReader(rows):
                places.setdefault(row["cell"], len(places))
    except (OSError, KeyError, csv.Error):
        return {}
    return places


def _coordinates(entry: Entry) -> tuple[str, str, int, int]:
    return entry.at.cell, entry.at.stage, entry.at.round, entry.at.take


def _is_missing(entry: Entry, output: Path) -> bool:
    outcome = entry.outcome
    return isinstance(outcome, Stored) and not (output / outcome.artifact.path).exists()
