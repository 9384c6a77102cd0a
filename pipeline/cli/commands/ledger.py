"""`pipeline ledger import|backup|restore|copy WHAT`: keep the ledger, and bring it up to date."""

import argparse
from pathlib import Path

from pipeline.app.commands.ledger import import_runs
from pipeline.app.commands.ledger_backup import back_up, copy, restore
from pipeline.cli.flags import add_folder, settings_of
from pipeline.cli.terminal import counted, say, tell
from pipeline.errors import UsageError
from pipeline.settings import Settings

INCOMPLETE = 3
"""The exit code if a restored ledger lacks runs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "what",
        choices=["import", "backup", "restore", "copy"],
        help="import what run manifests list; copy the ledger to a file, also during a run; put "
        "such a copy in the place of a ledger that is lost or damaged; or copy it between a file "
        "and the database of PIPELINE_LEDGER",
    )
    parser.add_argument(
        "place",
        type=Path,
        metavar="PLACE",
        help="import: a campaign's folder in an output folder, such as output/citrus-soda: every "
        "run that the ledger lacks; or one manifest.json. backup, restore: the file of the backup. "
        "copy: a ledger's file, or the word PIPELINE_LEDGER",
    )
    parser.add_argument(
        "target",
        nargs="?",
        metavar="TARGET",
        help="copy: a new file, or the word PIPELINE_LEDGER, whose database has to be empty",
    )
    add_folder(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do what is asked, and say what changed."""
    if arguments.target and arguments.what != "copy":
        raise UsageError(f"ledger {arguments.what} takes one name; {arguments.target} is another")
    if arguments.what == "import":
        arguments.manifest = arguments.place
        count = import_runs(arguments.place, settings_of(arguments))
        if count:
            say(f"{counted(count, 'image')} imported from {arguments.place}")
        else:
            say(f"the ledger knows all of {arguments.place} already: nothing was imported")
        return 0
    settings = settings_of(arguments)
    if arguments.what == "copy":
        count = copy(str(arguments.place), str(arguments.target or ""), settings)
        say(f"{counted(count, 'image')} copied to {arguments.target}; the source is unchanged")
        return 0
    if arguments.what == "backup":
        backup = back_up(arguments.place, settings)
        size = f"{backup.size / 1024**2:,.1f} MiB"
        say(f"{arguments.place}: {size}, {counted(backup.commits, 'write')}, checked")
        return 0
    return _restore(arguments.place, settings)


def _restore(file: Path, settings: Settings) -> int:
    report = restore(file, settings)
    restored = report.restored
    say(f"the ledger was restored from {file}: {counted(restored.copy.commits, 'write')}")
    if restored.moved is not None:
        say(f"what was there before is now {restored.moved}")
    if restored.missing:
        since = counted(restored.missing, "write")
        say(f"The ledger went on after this backup: {since} {_are(restored.missing)} missing.")
    for message in report.lost:
        tell("warning", message, colour="red")
    if restored.missing and not report.lost:
        say("No run beside it bought anything since. Verdicts may be missing: see reviews/.")
    return INCOMPLETE if report.lost else 0


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
