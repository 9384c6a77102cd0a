"""Drawing the contact sheet of a campaign."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.app.campaign import account_of, load
from pipeline.app.event_loop import run_in_loop
from pipeline.app.named_campaign import hold_to_file
from pipeline.app.open import ledger_in, require_ledger
from pipeline.app.options import CampaignOptions
from pipeline.campaign.loading import LoadedCampaign
from pipeline.model.names import Account
from pipeline.reports.sheet.sheet_files import sheet_files, sheet_input
from pipeline.settings import Settings
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import is_alive
from pipeline.state.survey import survey
from pipeline.system_errors import not_written

FOLDER = "sheet"
"""Name of the default folder, inside the campaign's output folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetOptions(CampaignOptions):
    """The format of a sheet, and its folder."""

    form: str = "inline"
    """`inline`, `dir` or `eml`."""
    to: Path | None = None
    """The folder to write into; `None`: `sheet/` in the campaign's output folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenSheet:
    """The files of a sheet."""

    files: tuple[Path, ...]
    """The first one is the one to open."""
    bytes: int


def write_sheet(options: SheetOptions, settings: Settings) -> WrittenSheet:
    """Write the sheet of a campaign; `UsageError` if nothing was rendered yet."""
    require_ledger(settings.output)
    loaded = load(options, settings)
    hold_to_file(settings.output, loaded.campaign.slug, options.campaign)
    output = open_output(settings.output)
    account = account_of(loaded.campaign, settings)
    content = run_in_loop(_draw(loaded, output, account, form=options.form))
    folder = options.to or output / loaded.campaign.slug / FOLDER
    for name, part in content.items():
        place = folder / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(part)
        except OSError as error:
            raise not_written(place, error) from error
    return WrittenSheet(
        files=tuple(folder / name for name in content), bytes=sum(map(len, content.values()))
    )


async def _draw(
    loaded: LoadedCampaign, output: Path, account: Account, *, form: str
) -> Mapping[str, bytes]:
    async with ledger_in(output, read_only=True) as ledger:
        alive = await is_alive(ledger, output, loaded.campaign.slug)
        state = await survey(ledger, loaded, shown=True, alive=alive)
        records = await ledger.runs(loaded.campaign.slug)
        newest = records[0].id if records else ""
        work = await sheet_input(ledger, loaded, state, output=output, run=newest, account=account)
    return await asyncio.to_thread(sheet_files, work, form=form)
