"""Printing findings, errors, unknown commands and bugs.

`main` imports this module only after an error: the import takes half of the start-up time.
"""

import argparse
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TextIO

from pipeline.cli.registry import COMMANDS
from pipeline.cli.terminal import breadth, folded, is_terminal, paint, say, tell, width
from pipeline.errors import CampaignError, Declined, Finding, PipelineError, Severity
from pipeline.reports.journal import Journal
from pipeline.suggestions import did_you_mean, listing, nearest

_NO_TEXT = (".xlsx", ".png", ".jpg", ".webp", ".ttf", ".otf")


def tell_error(error: PipelineError) -> None:
    """Print on stderr why a command ended; a declined question is not an error."""
    if isinstance(error, CampaignError):
        for finding in error.findings:
            tell_finding(finding, stream=sys.stderr)
    elif isinstance(error, Declined):
        say(str(error))
    else:
        tell("error", str(error), colour="red")


def tell_finding(
    finding: Finding,
    *,
    stream: TextIO,
    strict: bool = False,
    coded: bool = False,
    warned: bool = False,
) -> None:
    """Print a finding: wrapped on a terminal, with a caret below its place; else on one line.

    `strict` makes a warning an error; `coded` adds the name of the rule. Warnings have a caret only
    with `warned`.
    """
    bad = strict or finding.severity is Severity.ERROR
    word, colour = ("error", "red") if bad else ("warning", "yellow")
    code = f"[{finding.code}]" if coded and finding.code else ""
    lines = folded(f"{word}: {finding}{'  ' if code else ''}{code}", stream=stream)
    lines[0] = paint(word, colour, "bold", stream=stream) + lines[0].removeprefix(word)
    if code:
        lines[-1] = lines[-1].removesuffix(code) + paint(code, "dim", stream=stream)
    for line in lines:
        say(line, stream=stream)
    if is_terminal(stream) and (bad or warned):
        for line in source_lines(finding):
            say(paint(line, "dim", stream=stream), stream=stream)


def source_lines(finding: Finding) -> list[str]:
    """Return the line of a file that a finding is about, and a caret below its place.

    A long line is cut on both sides. There is nothing for files that are no text, such as
    workbooks, and nothing if the file cannot be read.
    """
    if not finding.line or Path(finding.file).suffix.lower() in _NO_TEXT:
        return []
    try:
        with Path(finding.file).open(encoding="utf-8-sig") as lines:
            text = next(islice(lines, finding.line - 1, None), "").rstrip("\r\n")
    except (OSError, ValueError):
        return []
    if not text.strip():
        return []
    text = "".join(one if one.isprintable() else " " for one in text)
    margin = f"{finding.line:>4} | "
    before, text = _cut(text, max(finding.column - 1, 0), width(most=120) - 1 - len(margin))
    if not finding.column:
        return [f"{margin}{text}"]
    return [f"{margin}{text}", f"{' ' * (len(margin) - 2)}| {' ' * breadth(before)}^"]


def _cut(text: str, at: int, room: int) -> tuple[str, str]:
    """Return what is before a place in a line, and the line, cut to so many columns."""
    start = 0
    while breadth(text[start:]) > room and breadth(text[start:at]) > room * 2 // 3:
        start += 1
    before, part = text[start:at], text[start:]
    if start:
        before, part = "…" + before, "…" + part
    if breadth(part) <= room:
        return before, part
    while breadth(part) > room - 1:
        part = part[:-1]
    return before, f"{part}…"


def unknown_command(name: str) -> str:
    """Return the message for a command that does not exist."""
    names = [entry.name for entry in COMMANDS]
    return f"there is no command {name!r}{did_you_mean(name, names)}; pipeline --help lists them"


def log_error(error: PipelineError, *, exit_code: int) -> None:
    """Write an error as a line of the JSON log, with the place of every finding."""
    findings = error.findings if isinstance(error, CampaignError) else ()
    rows = [asdict(finding) for finding in findings]
    Journal(sys.stderr).write("error", message=str(error), exit_code=exit_code, findings=rows)


def tell_bug(*, as_json: bool = False) -> None:
    """Report a bug, and write its traceback to a file; no traceback contains a key."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    place = Path(tempfile.gettempdir()) / f"pipeline-bug-{stamp}-{os.getpid()}.log"
    trace = traceback.format_exc()
    try:
        place.write_text(trace)
        where = f"the trace is in {place}"
    except OSError:
        where = trace
    words = (
        f"this should not have happened; {where}."
        "\nThe ledger has what was paid for, and it is safe to run the command again."
    )
    if as_json:
        Journal(sys.stderr).write("error", message=f"bug: {words}", exit_code=1)
    else:
        say(f"{paint('bug', 'red', 'bold', stream=sys.stderr)}: {words}")


_CHOICE = re.compile(r"argument (\S+): invalid choice: '?(.*?)'? \(choose from (.*)\)", re.DOTALL)
_MISSING = "the following arguments are required: "
_UNKNOWN = "unrecognized arguments: "
_OPTION = re.compile(r"(?<![\w-])--([a-z][\w-]*)")


def argument_error(message: str, positionals: Sequence[argparse.Action], help_text: str) -> str:
    """Return what argparse says of a command line, in words that name what to type instead."""
    if found := _CHOICE.fullmatch(message):
        name, given, listed = found.groups()
        choices = re.findall(r"[^\s',]+", listed)
        meant = did_you_mean(given, choices)
        return f"{_of(name)}: there is no {given!r}{meant}; choose {listing(choices)}"
    if message.startswith(_MISSING):
        first, *_ = message.removeprefix(_MISSING).split(", ")
        return _missing(first, positionals)
    if message.startswith(_UNKNOWN):
        first, *_ = message.removeprefix(_UNKNOWN).split()
        if not first.startswith("-"):
            return f"one argument too many: {message.removeprefix(_UNKNOWN)}"
        name = first.partition("=")[0]
        option = nearest(name.lstrip("-"), _OPTION.findall(help_text))
        return f"there is no option {name}" + (f" (did you mean --{option}?)" if option else "")
    return message.removeprefix("argument ")


def _of(name: str) -> str:
    """Return the option or argument of a message: `--log`, and `SCHEDULER` for `scheduler`."""
    return name if name.startswith("-") else name.upper()


def _missing(name: str, positionals: Sequence[argparse.Action]) -> str:
    """Say what an argument is that was left out, and what it can be."""
    for action in positionals:
        if name in {action.dest, action.metavar}:
            if action.choices:
                return f"{_of(name)} is missing: {listing(map(str, action.choices))}"
            return f"{_of(name)} is missing: {action.help}" if action.help else f"{name} is missing"
    return f"{name} is missing"
