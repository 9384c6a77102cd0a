"""`pipeline completion SHELL`: print a script with which a shell completes commands and options."""

import argparse
from importlib.util import find_spec

from pipeline.cli.registry import load_part
from pipeline.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"], help="the shell")


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    if find_spec("shtab") is None:
        raise UsageError(
            "completion needs the extra of that name: pip install 'campaign-pipeline[completion]'"
        )
    print(load_part("integrations.shell_completion").completion_script(arguments.shell))
    return 0
