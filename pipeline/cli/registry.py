"""Every command: its name, its group, one line of help, its module, and its parser of arguments.

Only the module of the chosen command is imported, so that `--help` and `status` start quickly.
"""

import argparse
import gc
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import NoReturn, Protocol, cast

from pipeline.cli.terminal import paint, width
from pipeline.errors import UsageError


class Command(Protocol):
    """A command: a module, or an entry in the `COMMANDS` of a module."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Run the command and return its exit code."""
        ...


def load_part(module: str) -> ModuleType:
    """Import a module of the command line on demand."""
    return importlib.import_module(f"pipeline.cli.{module}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandEntry:
    """A command in the help."""

    name: str
    group: str
    help: str
    module: str

    def load(self) -> Command:
        """Import the command."""
        gc.disable()  # imports make no garbage, and collecting takes 5 % of the time
        try:
            module = load_part(f"commands.{self.module}")
        finally:
            gc.enable()
        return cast("Command", getattr(module, "COMMANDS", {}).get(self.name, module))


PLAN, RENDER, REVIEW, INSPECT, REPAIR, SYSTEM = (
    "Plan",
    "Render",
    "Review",
    "Inspect",
    "Repair",
    "System",
)

COMMANDS: tuple[CommandEntry, ...] = tuple(
    CommandEntry(name=name, group=group, help=text, module=module or name)
    for name, group, text, module in (
        ("init", PLAN, "Write a first campaign file, ready to run", ""),
        ("check", PLAN, "Report mistakes in campaign files; sends nothing", ""),
        ("plan", PLAN, "Show what a run would render and cost; sends nothing", ""),
        ("placements", PLAN, "List where ads run: pixels, weight and formats of each place", ""),
        ("explain", PLAN, "Show the prompts of a cell and where its values come from", ""),
        ("run", RENDER, "Render the drafts that are due, then finals of approved cells", ""),
        ("finals", RENDER, "Render finals of approved cells; asks before it spends", "run"),
        ("adfiles", RENDER, "Make the files for placements from stored images; sends nothing", ""),
        ("export", RENDER, "Deliver approved ad files with originals and tables", ""),
        ("review", REVIEW, "Serve a page for choosing drafts", ""),
        ("approve", REVIEW, "Approve drafts; a run then renders their finals", "verdicts"),
        ("reject", REVIEW, "Reject drafts; no finals are rendered from them", "verdicts"),
        ("redo", REVIEW, "Ask for another round of drafts", "verdicts"),
        ("undecide", REVIEW, "Withdraw verdicts", "verdicts"),
        ("status", INSPECT, "Show the status of campaigns", ""),
        ("ls", INSPECT, "List the images of a campaign", ""),
        ("cost", INSPECT, "Show what was spent, by campaign, tag, product, month …", ""),
        ("log", INSPECT, "Show what a run sent, received and stored", ""),
        ("diff", INSPECT, "Show what changed between two runs, as text or as a page", ""),
        ("sheet", INSPECT, "Write a contact sheet as HTML or as an email", ""),
        ("resolve", REPAIR, "Settle images that are in doubt or lost", ""),
        ("verify", REPAIR, "Compare stored files with their checksums, and decode them", ""),
        ("ledger", REPAIR, "Back up the ledger, restore it, or rebuild it from run manifests", ""),
        ("gc", REPAIR, "List old runs, plans, thumbs and snapshots, or remove them", ""),
        ("serve", SYSTEM, "Run the image server", ""),
        ("schedule", SYSTEM, "Print the unit that runs a campaign daily, for cron, systemd …", ""),
        ("notify", SYSTEM, "Try out who is told how a run ended", ""),
        ("doctor", SYSTEM, "Check whether this machine can render", ""),
        ("completion", SYSTEM, "Print a script that completes commands in a shell", ""),
        ("schema", SYSTEM, "Print the JSON Schema of campaign files", ""),
    )
)


def find(name: str) -> CommandEntry | None:
    """Return the command of that name; `None` if there is none."""
    return next((entry for entry in COMMANDS if entry.name == name), None)


_HEADING = re.compile(r"[a-z][^:]*:")
_NAMES = re.compile(r"^  (?! )(.+?)(?=  |$)")
_RENAMED = {"positional arguments": "Arguments", "options": "Options"}


class HelpFormatter(argparse.HelpFormatter):
    """Help as wide as the terminal; argparse would import shutil to ask for that."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=width() - 2, max_help_position=27)


class RawHelpFormatter(HelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help whose texts before and after the options keep their lines."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose help looks like the overview, and whose errors are `UsageError`s."""

    def __init__(self, *, name: str, description: str) -> None:
        super().__init__(
            prog=f"pipeline {name}",
            description=description if description.endswith("…") else f"{description}.",
            allow_abbrev=False,
            formatter_class=HelpFormatter,
        )
        self.color = False  # of Python 3.14, for a help that looks otherwise

    @property
    def usage_line(self) -> str:
        """The command with its arguments, such as `pipeline run FILE [OPTIONS]`."""
        return " ".join([self.prog, *map(_shown, self._get_positional_actions()), "[OPTIONS]"])

    def format_help(self) -> str:
        """Return the help: what the command does, its usage, and its options by group."""
        self.usage = self.usage_line.replace("%", "%%")
        usage, about, *rest = super().format_help().split("\n\n")
        usage = " ".join(usage.removeprefix("usage: ").split())
        heads = [about, f"{paint('Usage', 'bold')}  {usage}"]
        return "\n\n".join(heads + ["\n".join(_painted(part)) for part in rest])

    def error(self, message: str) -> NoReturn:
        """Raise a `UsageError` that says what to type instead."""
        words = load_part("problems").argument_error(
            message, self._get_positional_actions(), self.format_help()
        )
        raise UsageError(f"{words}\nUsage  {self.usage_line}\nNext  {self.prog} --help")


def _painted(part: str) -> Iterator[str]:
    """Yield the lines of a group of options, with its heading and the options in colour."""
    heading, *lines = part.split("\n")
    if not _HEADING.fullmatch(heading):
        yield from (heading, *lines)
        return
    name = heading.removesuffix(":")
    yield paint(_RENAMED.get(name, name[:1].upper() + name[1:]), "bold")
    for line in lines:
        yield _NAMES.sub(lambda found: f"  {paint(found[1], 'cyan')}", line, count=1)


def _shown(action: argparse.Action) -> str:
    """Return an argument as the usage shows it: `FILE`, `[FILE]` or `FILE …`."""
    name = action.dest.upper()
    if isinstance(action.metavar, str):
        name = action.metavar
    elif action.choices:
        name = "|".join(map(str, action.choices))
    if action.nargs in {"*", "?"}:
        return f"[{name}]" if action.nargs == "?" else f"[{name} …]"
    return f"{name} …" if action.nargs == "+" else name
