"""`pipeline finals FILE`: render what was approved, after saying the sum."""

import argparse
import sys

from pipeline.cli.commands.run import add_rendering, run_stage
from pipeline.cli.terminal import is_terminal
from pipeline.errors import UsageError
from pipeline.model.campaign import Stage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words: those of `run`, but for the stage."""
    add_rendering(parser)


def run(arguments: argparse.Namespace) -> int:
    """`run --stage final`; the sum is always confirmed, by a person or by a flag."""
    decided = arguments.yes or arguments.max_credits is not None
    if not decided and (arguments.no_input or not is_terminal(sys.stdin)):
        raise UsageError("finals without a terminal need --yes or --max-credits N")
    return run_stage(arguments, stage=Stage.FINAL, ask_always=not decided)
