"""`pipeline ledger import RUN-MANIFEST`: rebuild a lost ledger from a run manifest."""

import argparse
from pathlib import Path

from pipeline.app.commands.ledger import import_run_manifest
from pipeline.cli.flags import add_folder, settings_of
from pipeline.cli.terminal import counted, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "what", choices=["import"], help="import the images that a run manifest lists"
    )
    parser.add_argument(
        "manifest",
        type=Path,
        metavar="RUN-MANIFEST",
        help="the newest manifest.json of a campaign and account",
    )
    add_folder(parser)


def run(arguments: argparse.Namespace) -> int:
    """Import the manifest; entries that the ledger already has stay unchanged."""
    count = import_run_manifest(arguments.manifest, settings_of(arguments))
    say(f"{counted(count, 'image')} imported from {arguments.manifest}")
    return 0
