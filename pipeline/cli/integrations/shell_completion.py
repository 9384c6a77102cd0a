"""The script with which a shell completes commands and options (extra `completion`)."""

import argparse

import shtab

from pipeline.cli.registry import COMMANDS


def completion_script(shell: str) -> str:
    """Return the script for `bash`, `zsh` or `tcsh`."""
    return str(shtab.complete(_whole_parser(), shell=shell))


def _whole_parser() -> argparse.ArgumentParser:
    """Return one parser with every command, and files for the arguments that name one."""
    parser = argparse.ArgumentParser(prog="pipeline")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command")
    for entry in COMMANDS:
        command = commands.add_parser(entry.name, help=entry.help)
        entry.load().add_arguments(command)
        for action in command._actions:  # noqa: SLF001 - argparse has no other list of them
            if action.metavar and "FILE" in str(action.metavar):
                action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab reads it
            elif action.metavar == "DIR":
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # as above
    return parser
