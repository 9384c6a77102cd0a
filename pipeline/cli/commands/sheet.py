"""`pipeline sheet FILE`: write a contact sheet to open from disk, print or mail."""

import argparse
import json
from pathlib import Path

from pipeline.app.commands.sheet import SheetOptions, write_sheet
from pipeline.cli.flags import add_campaign, add_common, campaign_flags, settings_of
from pipeline.cli.terminal import counted, say, shown_path

FORMS = {
    "inline": "one HTML file that contains the pictures (default)",
    "dir": "HTML pages and thumbnails in a folder",
    "eml": "a message file for a mail program",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_campaign(parser)
    forms = parser.add_mutually_exclusive_group()
    for form, text in FORMS.items():
        forms.add_argument(
            f"--{form}", dest="form", action="store_const", const=form, help=f"write {text}"
        )
    parser.add_argument(
        "--to",
        type=Path,
        metavar="DIR",
        help="the folder to write to (default: sheet/ in the campaign's output folder)",
    )
    add_common(parser, quiet="print nothing on success")


def run(arguments: argparse.Namespace) -> int:
    """Write the sheet and print its name."""
    options = SheetOptions(
        **campaign_flags(arguments), form=arguments.form or "inline", to=arguments.to
    )
    sheet = write_sheet(options, settings_of(arguments))
    if arguments.json:
        print(json.dumps({"files": [str(file) for file in sheet.files]}, indent=1))
    if not arguments.quiet:
        size = f"{sheet.bytes / 1024:,.0f} KiB"
        say(f"wrote {shown_path(sheet.files[0])} ({counted(len(sheet.files), 'file')}, {size})")
    return 0
