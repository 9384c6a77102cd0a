"""`pipeline undecide FILE GLOB`: take a verdict back."""

import argparse

from pipeline.commands.deciding import add_cells, decide
from pipeline.commands.flags import add_campaign, add_common
from pipeline.model.verdict import Decision


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    add_campaign(parser)
    add_cells(parser)
    add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Record the verdicts."""
    return decide(arguments, Decision.UNDECIDED)
