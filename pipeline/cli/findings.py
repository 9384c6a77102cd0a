"""Findings as a person reads them: wrapped on a terminal, one a line for other programs."""

import textwrap
from typing import TextIO

from pipeline.cli.terminal import is_terminal, paint, say, width
from pipeline.errors import Finding, Severity

WIDEST = 120


def tell_finding(
    finding: Finding, *, stream: TextIO, strict: bool = False, coded: bool = False
) -> None:
    """Say a finding; `strict` makes a warning an error, `coded` adds the name of its rule."""
    bad = strict or finding.severity is Severity.ERROR
    word, colour = ("error", "red") if bad else ("warning", "yellow")
    code = f"[{finding.code}]" if coded and finding.code else ""
    lines = [f"{word}: {finding}{'  ' if code else ''}{code}"]
    if is_terminal(stream):
        lines = textwrap.wrap(
            lines[0],
            width(most=WIDEST) - 1,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines[0] = paint(word, colour, "bold", stream=stream) + lines[0].removeprefix(word)
    if code:
        lines[-1] = lines[-1].removesuffix(code) + paint(code, "dim", stream=stream)
    for line in lines:
        say(line, stream=stream)
