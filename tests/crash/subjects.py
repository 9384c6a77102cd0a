"""The commands that are ended: what precedes each, and what a person does after it was ended."""

from collections.abc import Callable
from dataclasses import dataclass

from crash.crash_points import CrashPoint
from crash.run_under_test import CAMPAIGN, after, command_once, run_once

from pipeline.network import api_client

AFTER_POST = after(api_client.ApiClient, "post")
IN_DOUBT = CrashPoint(nth=2, label=AFTER_POST)
"""Ends a run whose second job has been charged, and nobody knows."""

Act = Callable[[object], int]
"""Runs a command in a workspace's folder; returns its exit code."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A command under test."""

    act: Act = run_once
    campaign: str = CAMPAIGN
    earlier: tuple[CrashPoint, ...] = ()
    """Where earlier runs are ended; `CrashPoint()` is never."""
    prepare: Callable[[object], None] = lambda _folder: None
    """What happens to the folder before the command."""
    again: Callable[[object], list] = lambda _folder: []
    """What a person does next; returns complaints."""
    expected: frozenset = frozenset({0, 6})
    """Exit codes of the command if it is not ended."""
    statuses: frozenset = frozenset({"stored", "in_doubt"})
    """What may become of a job that was charged."""
    keys_known: bool = True
    """False if the ledger was rebuilt, and no longer knows under which key it bought."""
    wire: str = "gptimage"
    """The API that the server speaks."""
    in_bounds: bool = True
    """False if the ledger may know less than was charged, until `again` has mended it."""


def lose_ledger(folder):
    """Remove the ledger, and leave the runs."""
    for file in (folder / "output").glob("ledger.db*"):
        file.unlink()


def import_once(folder):
    """Bring the runs of the campaign into the ledger."""
    return command_once(folder, "ledger", "import", str(folder / "output" / "soda"))


def import_again(folder):
    """A run is refused until an import is whole; nothing may be bought before that."""
    code = run_once(folder)
    if code in {0, 6}:
        return []
    complaints = [] if code == 2 else [f"a run on half an import ended with {code}"]
    code = import_once(folder)
    return complaints + ([] if code == 0 else [f"the import ended with {code}"])


def approve_once(folder):
    return command_once(folder, "approve", str(folder / "soda.yaml"), "*", "--take", "1")


def resolve_once(folder):
    return command_once(folder, "resolve", str(folder / "soda.yaml"), "--charged")


def settled_again(act):
    """Give the command again: it finds what it has done already, or does it now."""

    def again(folder):
        code = act(folder)
        return [] if code in {0, 3} else [f"it ended with {code} when it was given again"]

    return again


SEALED_CAMPAIGN = CAMPAIGN.replace("provider: gptimage", "provider: openai") + (
    "budget: {run: $1000}\n"
)
SEALED = Subject(campaign=SEALED_CAMPAIGN, wire="openai", keys_known=False)
"""A run whose replies hold the image."""

SUBJECTS = {
    "sealed": SEALED,
    "import": Subject(
        act=import_once,
        earlier=(IN_DOUBT, CrashPoint()),
        prepare=lose_ledger,
        again=import_again,
        expected=frozenset({0}),
        keys_known=False,
        in_bounds=False,
    ),
    "approve": Subject(
        act=approve_once,
        campaign=CAMPAIGN.replace("review: auto", "review: human"),
        earlier=(CrashPoint(),),
        again=settled_again(approve_once),
        expected=frozenset({0}),
    ),
    "resolve": Subject(
        act=resolve_once,
        earlier=(IN_DOUBT, CrashPoint()),
        again=settled_again(resolve_once),
        expected=frozenset({0}),
        statuses=frozenset({"stored", "in_doubt", "paid_lost"}),
    ),
}
"""Commands besides `run`: each is swept as a run is."""
