"""`pipeline schema`: the JSON Schema of campaign files, for editors."""

import argparse
from pathlib import Path

from pipeline.campaign.grammar.schema import schema_text
from pipeline.cli.terminal import say
from pipeline.errors import LocalFault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("--to", type=Path, metavar="FILE", help="write it there, not to stdout")


def run(arguments: argparse.Namespace) -> int:
    """Print the schema, or write it."""
    if arguments.to is None:
        print(schema_text(), end="")
        return 0
    try:
        arguments.to.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        raise LocalFault(f"cannot write {arguments.to}: {error.strerror}") from error
    say(f"wrote {arguments.to}")
    return 0
