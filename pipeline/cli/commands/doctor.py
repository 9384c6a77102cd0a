"""`pipeline doctor`: check whether this machine can render."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from pipeline.app.commands.doctor import MachineState, check_machine
from pipeline.cli.flags import add_executor, add_output, settings_of
from pipeline.cli.terminal import counted, folded, paint, say

COLOURS = {MachineState.OK: "green", MachineState.NOTE: "yellow", MachineState.BAD: "red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "campaign", type=Path, nargs="?", metavar="FILE", help="also its object store"
    )
    add_executor(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; 74 if this machine cannot render."""
    found = check_machine(settings_of(arguments), arguments.campaign)
    bad = [one for one in found if one.state is MachineState.BAD]
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], indent=1))
    else:
        for one in found:
            text = f"{paint(f'{one.state:<4}', COLOURS[one.state])}  {one.name:<10}  {one.said}"
            for line in text.splitlines():
                print("\n".join(folded(line, stream=sys.stdout, indent=" " * 18)))
    if bad:
        say(f"This machine cannot render: {counted(len(bad), 'problem')} above.")
    else:
        say("This machine can render.")
    return 74 if bad else 0
