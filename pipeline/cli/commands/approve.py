"""`pipeline approve FILE GLOB`: finals are made of these drafts."""

import argparse

from pipeline.cli.commands.decide import add_cells, run_decision
from pipeline.cli.flags import add_campaign, add_common, whole_number
from pipeline.model.verdict import Decision


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    add_cells(parser)
    parser.add_argument(
        "--take", type=whole_number, metavar="N", help="which take; needed where there are several"
    )
    parser.add_argument("--note", metavar="TEXT", help="what should be different, or why")
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Record the verdicts."""
    return run_decision(arguments, Decision.APPROVED)
