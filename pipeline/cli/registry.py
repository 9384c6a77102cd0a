"""Every command: its name, its group, one line of help, and the module that does it.

The chosen module alone is imported, so that `--help` and `status` stay light.
"""

import argparse
import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol, cast


class CommandModule(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's words."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; returns the exit code."""
        ...


def load_part(module: str, *, room: str = "cli") -> ModuleType:
    """Import a module only when it is needed, so that small commands start quickly."""
    return importlib.import_module(f"pipeline.{room}.{module}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandEntry:
    """How a command stands in the help."""

    name: str
    group: str
    help: str
    module: str

    def load(self) -> CommandModule:
        """Import the module that does it."""
        return cast("CommandModule", load_part(f"commands.{self.module}"))


MAKE, CHOOSE, LOOK, MONEY, ENGINE = "Make", "Choose", "Look", "Money", "Machine"

COMMANDS: tuple[CommandEntry, ...] = tuple(
    CommandEntry(name=name, group=group, help=text, module=module)
    for name, group, text, module in (
        ("init", MAKE, "Write a first campaign that runs as it is", "init"),
        ("check", MAKE, "Find every mistake in campaign files; spends nothing", "check"),
        ("plan", MAKE, "Show what a run would make and cost; sends nothing", "plan"),
        ("explain", MAKE, "The prompt of a cell, and what set every value", "explain"),
        ("run", MAKE, "Bring a campaign as far as it can go", "run"),
        ("finals", MAKE, "Render what was approved, after saying the sum", "finals"),
        ("review", CHOOSE, "The page where a person chooses", "review"),
        ("approve", CHOOSE, "Approve drafts, so that finals are made of them", "approve"),
        ("reject", CHOOSE, "Reject drafts: no finals of these cells", "reject"),
        ("redo", CHOOSE, "Ask for a new round of drafts, with a note", "redo"),
        ("undecide", CHOOSE, "Take a verdict back", "undecide"),
        ("status", LOOK, "Where campaigns stand, in one screen", "status"),
        ("sheet", LOOK, "A contact sheet to open from disk, print or mail", "sheet"),
        ("ls", LOOK, "Every image of a campaign, one a line", "ls"),
        ("log", LOOK, "What was sent, answered and stored, line by line", "log"),
        ("resolve", MONEY, "Settle what is in doubt or lost", "resolve"),
        ("verify", MONEY, "Hold every stored file against its sha256", "verify"),
        ("ledger", MONEY, "Rebuild the ledger from a run manifest", "ledger"),
        ("serve", ENGINE, "Run the image server that ships inside", "serve"),
        ("doctor", ENGINE, "What this machine can do, and what is in the way", "doctor"),
        ("schema", ENGINE, "The JSON Schema of campaign files", "schema"),
    )
)


def find(name: str) -> CommandEntry | None:
    """The command of that name."""
    return next((listing for listing in COMMANDS if listing.name == name), None)
