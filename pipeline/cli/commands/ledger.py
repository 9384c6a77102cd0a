"""`pipeline ledger import WHAT`: bring a lost or older ledger up to date from run manifests."""

import argparse
from pathlib import Path

from pipeline.app.commands.ledger import import_runs
from pipeline.cli.flags import add_folder, settings_of
from pipeline.cli.terminal import counted, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("what", choices=["import"], help="import what run manifests list")
    parser.add_argument(
        "manifest",
        type=Path,
        metavar="CAMPAIGN-FOLDER|RUN-MANIFEST",
        help="a campaign's folder in an output folder, such as output/citrus-soda: every run that "
        "the ledger lacks; or one manifest.json",
    )
    add_folder(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import what the ledger lacks; entries that it has already stay unchanged."""
    count = import_runs(arguments.manifest, settings_of(arguments))
    say(f"{counted(count, 'image')} imported from {arguments.manifest}")
    return 0
