"""`pipeline undecide FILE GLOB`: take a verdict back."""

import argparse

from pipeline.cli.commands.decide import add_cells, run_decision
from pipeline.cli.flags import add_campaign, add_common
from pipeline.model.verdict import Decision


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    add_cells(parser)
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Record the verdicts."""
    return run_decision(arguments, Decision.UNDECIDED)
