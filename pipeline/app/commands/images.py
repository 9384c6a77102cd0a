"""The images of a campaign, as recorded in the ledger.

Loader, HTTP client and event loop are not imported, so that the command starts fast.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.named_campaign import campaign_in
from pipeline.app.open import late, ledger_in, run_reading
from pipeline.images.base import stored_paths
from pipeline.images.registry import sizes_in
from pipeline.ledger.place import ledger_exists
from pipeline.model.entry import CampaignRecord, Entry
from pipeline.model.job import JobKey
from pipeline.model.money import MoneyFormat
from pipeline.model.names import Account, CellName, Slug, Stage
from pipeline.model.outcome import Status, Stored
from pipeline.state.lookup import status_of_entry
from pipeline.state.output.lock import is_alive
from pipeline.state.output.lost_runs import lost_runs, lost_runs_message
from pipeline.state.output.run_folders import ListedImage, money_of, newest_table

NOTHING = CampaignRecord(entries={}, accounts={}, verdicts=())


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerImage:
    """One image that was requested."""

    entry: Entry
    status: Status
    money: MoneyFormat
    """How amounts of its account are written."""
    missing: bool
    """True if its stored file is gone; the next run downloads it again."""
    earlier: bool
    """True if the campaign had left its cell, prompt or round when the newest run listed it."""
    missed: str
    """The campaign's checks that it missed in the newest run; empty if there are none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageList:
    """Images of one campaign."""

    images: Sequence[LedgerImage]
    folder: Path
    """The campaign's output folder, which contains their files."""
    lost: str = ""
    """What the ledger lacks of the campaign, and what to do; empty if it is whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageChoice:
    """Which images are listed."""

    status: Status | None = None
    stage: Stage | None = None
    only: tuple[str, ...] = ()
    """Globs over cell names; empty: all cells."""
    current: bool = False
    """Leave out what the campaign has left: earlier rounds, prompts and cells."""

    def matching(self, images: Iterable["LedgerImage"]) -> list["LedgerImage"]:
        """Return the images that are chosen."""
        glob = late("campaign.cell_globs").compile_cell_globs(self.only) if self.only else None
        return [
            one
            for one in images
            if self.status in {None, one.status}
            and self.stage in {None, one.entry.at.stage}
            and (glob is None or glob.match(one.entry.at.cell))
            and not (self.current and one.earlier)
        ]


ALL_IMAGES = ImageChoice()


def list_images(file: Path, output: Path, *, choice: ImageChoice = ALL_IMAGES) -> ImageList:
    """Return every image that was ever requested, in the order of the newest run's table."""
    campaign = campaign_in(output, file)
    record, lost, alive = run_reading(_record(output, campaign))
    entries = [*record.entries.values()]
    money = {
        account: money_of(output, campaign, account) for account in {*record.accounts.values()}
    }
    listed = newest_table(output, campaign)
    order = _order(listed or {})
    entries.sort(key=lambda one: (order.get(one.at.cell, len(order)), *_coordinates(one)))
    sizes = sizes_in(output, stored_paths(entries))
    images = [
        LedgerImage(
            entry=entry,
            status=status_of_entry(entry, alive=alive),
            money=money.get(record.accounts.get(entry.key, Account("")), MoneyFormat()),
            missing=_is_missing(entry, sizes),
            earlier=listed is not None and entry.key not in listed,
            missed=listed[entry.key].missed if listed and entry.key in listed else "",
        )
        for entry in entries
    ]
    return ImageList(images=choice.matching(images), folder=output / campaign, lost=lost)


async def _record(output: Path, campaign: Slug) -> tuple[CampaignRecord, str, bool]:
    """Return what the ledger has of a campaign, what it lacks, and whether a run is alive."""
    record, alive = NOTHING, False
    if ledger_exists(output):
        async with ledger_in(output, read_only=True) as ledger:
            record = await ledger.record(campaign)
            lost = await lost_runs(ledger, output, campaign)
            alive = await is_alive(ledger, output, campaign)
    else:
        lost = await lost_runs(None, output, campaign)
    return record, lost_runs_message(output, campaign, lost) if lost else "", alive


def _order(listed: Mapping[JobKey, ListedImage]) -> Mapping[CellName, int]:
    """Return the place of each cell in a run's table."""
    places: dict[CellName, int] = {}
    for image in listed.values():
        places.setdefault(image.cell, len(places))
    return places


def _coordinates(entry: Entry) -> tuple[str, str, int, int]:
    return entry.at.cell, entry.at.stage, entry.at.round, entry.at.take


def _is_missing(entry: Entry, sizes: Mapping[str, int]) -> bool:
    outcome = entry.outcome
    return isinstance(outcome, Stored) and outcome.artifact.path not in sizes
