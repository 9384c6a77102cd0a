"""`pipeline sheet FILE`: a contact sheet to open from disk, print or mail."""

import argparse
import asyncio
import json
from pathlib import Path

from pipeline.app.accounts import account_of
from pipeline.campaign.loading import LoadedCampaign, load_campaign
from pipeline.cli.flags import add_campaign, add_common, settings_of
from pipeline.cli.terminal import counted, say
from pipeline.errors import LocalFault, UsageError
from pipeline.ledger.registry import ledger_exists, open_ledger
from pipeline.model.provider import Account
from pipeline.providers.registry import profiles
from pipeline.reports.sheet.sheet_files import sheet_files, sheet_input
from pipeline.state.output.folder import open_output
from pipeline.state.output.lock import run_is_alive
from pipeline.state.survey import survey

FOLDER = "sheet"
"""In the campaign's output folder, where no other folder is named."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--inline",
        dest="form",
        action="store_const",
        const="inline",
        help="one file with the pictures inside (this is the default)",
    )
    form.add_argument(
        "--dir", dest="form", action="store_const", const="dir", help="pages and thumbs in a folder"
    )
    form.add_argument(
        "--eml", dest="form", action="store_const", const="eml", help="a mail, ready to be sent"
    )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="folder to write into (sheet/ in the campaign's output folder)",
    )
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the sheet and say where."""
    settings = settings_of(arguments)
    if not ledger_exists(settings.output):
        raise UsageError(f"there is no ledger in {settings.output}: nothing was rendered there")
    loaded = load_campaign(arguments.campaign, profiles=profiles(), provider=arguments.provider)
    output = open_output(settings.output)
    account = account_of(loaded.campaign, settings)
    files = asyncio.run(_draw(loaded, output, account, form=arguments.form or "inline"))
    folder = arguments.to or output / loaded.campaign.slug / FOLDER
    for name, content in files.items():
        place = folder / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        except OSError as error:
            raise LocalFault(f"cannot write {place}: {error.strerror}") from error
    first = folder / next(iter(files))
    size = sum(map(len, files.values())) / 1024
    if arguments.json:
        print(json.dumps({"files": [str(folder / name) for name in files]}, indent=1))
    if not arguments.quiet:
        say(f"wrote {first} ({counted(len(files), 'file')}, {size:,.0f} KiB)")
    return 0


async def _draw(
    loaded: LoadedCampaign, output: Path, account: Account, *, form: str
) -> dict[str, bytes]:
    ledger = await open_ledger(output, read_only=True)
    try:
        alive = run_is_alive(output, loaded.campaign.slug)
        state = await survey(ledger, loaded, shown=True, alive=alive)
        records = await ledger.runs(loaded.campaign.slug)
        newest = records[0].id if records else ""
        work = await sheet_input(ledger, loaded, state, output=output, run=newest, account=account)
    finally:
        await ledger.close()
    return await asyncio.to_thread(sheet_files, work, form=form)
