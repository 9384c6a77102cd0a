"""`pipeline schema`: print the JSON Schema of campaign files, for editors."""

import argparse
from pathlib import Path

from pipeline.app.commands.init import write_schema
from pipeline.campaign.grammar.schema import schema_text
from pipeline.cli.terminal import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--to", type=Path, metavar="FILE", help="write to this file, not to stdout")


def run(arguments: argparse.Namespace) -> int:
    """Print the schema, or write it to a file."""
    if arguments.to is None:
        print(schema_text(), end="")
        return 0
    write_schema(arguments.to)
    say(f"wrote {arguments.to}")
    return 0
