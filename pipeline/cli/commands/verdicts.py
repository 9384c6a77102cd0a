"""`pipeline approve | reject | redo | undecide FILE GLOB`: verdicts from the shell."""

import argparse
import json
import sys
from dataclasses import dataclass

from pipeline.app.commands.adfiles import approve_ad_files
from pipeline.app.commands.verdicts import VerdictOptions, VerdictsGiven, give_verdicts
from pipeline.cli.flags import (
    add_campaign,
    add_common,
    campaign_flags,
    names_of,
    settings_of,
    whole_number,
)
from pipeline.cli.terminal import counted, folded, say, say_steps, table
from pipeline.errors import LocalFault
from pipeline.model.names import Stage
from pipeline.model.verdict import Decision

SOME_REFUSED = 3
"""Exit code if only some of the cells could be decided on."""

MOST_NAMED = 20
"""Most cells that are listed by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictCommand:
    """A command that records one decision."""

    decision: Decision
    result: str
    """What happened to the cells, such as `approved`."""
    note: str = ""
    """Help of `--note`; empty: the command has none."""
    takes: bool = False
    """True if the command has `--take`."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        add_campaign(parser)
        parser.add_argument(
            "cells",
            metavar="GLOB",
            help="names of cells, such as 'citrus/*'; * also matches /"
            + (", or of flagged ad files: 'citrus/*@leaderboard'" * self.takes_ad_files),
        )
        if self.takes:
            parser.add_argument(
                "--take",
                type=whole_number,
                metavar="N",
                help="the take to approve; required if a cell has several",
            )
        if self.note:
            parser.add_argument("--note", metavar="TEXT", help=self.note)
        parser.add_argument(
            "--stage",
            choices=names_of(Stage),
            default=Stage.DRAFT,
            help="the stage to decide on (default: draft)",
        )
        parser.add_argument(
            "--as", dest="by", metavar="NAME", help="who decides (default: your login name)"
        )
        add_common(parser, quiet="print nothing on success")

    def run(self, arguments: argparse.Namespace) -> int:
        """Record the verdicts and print them."""
        options = VerdictOptions(
            **campaign_flags(arguments),
            decision=self.decision,
            cells=arguments.cells,
            stage=Stage(arguments.stage),
            take=getattr(arguments, "take", None),
            note=getattr(arguments, "note", None) or "",
            by=arguments.by,
        )
        if "@" in options.cells and self.takes_ad_files:
            return self._decide_ad_files(options, arguments)
        given = give_verdicts(options, settings_of(arguments))
        if arguments.json:
            rows = [
                {"cell": one.cell, "decision": one.decision, "take": one.take}
                for one in given.verdicts
            ]
            print(json.dumps(rows, ensure_ascii=False))
        if not arguments.quiet:
            self._tell(given)
        _raise_unwritten(given.unwritten, "the verdicts are in the ledger")
        return SOME_REFUSED if given.decided.refused else 0

    @property
    def takes_ad_files(self) -> bool:
        """True if flagged ad files may be named as well: `CELL@PLACEMENT`."""
        return self.decision in {Decision.APPROVED, Decision.UNDECIDED}

    def _decide_ad_files(self, options: VerdictOptions, arguments: argparse.Namespace) -> int:
        decided = approve_ad_files(options, settings_of(arguments))
        names = decided.names
        if arguments.json:
            rows = [{"ad_file": name, "decision": self.decision} for name in names]
            print(json.dumps(rows, ensure_ascii=False))
        if not arguments.quiet:
            for name in names[:MOST_NAMED]:
                say(f"  {name}")
            say(f"{counted(len(names), 'ad file')} {self.result}")
        _raise_unwritten(decided.unwritten, "the approvals are in the record")
        return 0

    def _tell(self, given: VerdictsGiven) -> None:
        decided = given.decided
        rows = [
            (f"  {verdict.cell}", f"take {verdict.take}" if self.takes else "")
            for verdict in decided.verdicts[:MOST_NAMED]
        ]
        for line in table(rows):
            say(line)
        if len(decided.verdicts) > MOST_NAMED:
            say(f"  and {len(decided.verdicts) - MOST_NAMED} more")
        for verdict in decided.followed[:MOST_NAMED]:
            redone = verdict.decision is Decision.REDO
            words = "gets the new image too" if redone else "stays in its round as well"
            _say_folded(f"  {verdict.cell}  shares the image, and {words}")
        for verdict in decided.kept[:MOST_NAMED]:
            _say_folded(
                f"  {verdict.cell}  is {verdict.decision}, and keeps the image that it shares now"
            )
        _say_folded(f"{counted(len(decided.verdicts), 'cell')} {self.result}")
        if decided.refused:
            say(f"{counted(len(decided.refused), 'cell')} without this verdict:")
            for line in decided.refused[:MOST_NAMED]:
                _say_folded(f"  {line}")
            if len(decided.refused) > MOST_NAMED:
                say(f"  and {len(decided.refused) - MOST_NAMED} more")
        if given.next:
            say_steps([("Next", given.next)])


def _say_folded(text: str) -> None:
    for line in folded(text, stream=sys.stderr, indent="    "):
        say(line)


def _raise_unwritten(why: Exception | None, kept: str) -> None:
    """Raise `LocalFault` if the review file could not be written."""
    if why is not None:
        raise LocalFault(f"{kept}, but not in the review file: {why}") from why


COMMANDS = {
    "approve": VerdictCommand(
        decision=Decision.APPROVED, result="approved", note="a remark to keep", takes=True
    ),
    "reject": VerdictCommand(
        decision=Decision.REJECTED, result="rejected: no finals are made", note="why"
    ),
    "redo": VerdictCommand(
        decision=Decision.REDO,
        result="to be rendered again",
        note="what to change; templates can use it as {{ note }}",
    ),
    "undecide": VerdictCommand(decision=Decision.UNDECIDED, result="without a verdict"),
}
