"""The commands that are ended: what precedes each, and what a person does after it was ended."""

import json
import os
import time
import urllib.request
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

OVER = {"completed", "failed", "expired", "cancelled"}
BATCH_CAMPAIGN = (
    SEALED_CAMPAIGN.replace("review: auto", "review: none").replace(
        "  final: {quality: medium}\n", ""
    )
    + "run: {batch: true}\n"
)


def listed_batches():
    """Return the batches in the provider's list, as a person sees them there."""
    address = f"{os.environ['OPENAI_BASE_URL']}/batches?limit=100"
    key = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    with urllib.request.urlopen(urllib.request.Request(address, headers=key)) as reply:  # noqa: S310 - the test's own server
        return json.load(reply)["data"]


def wait_for_batches():
    while any(one["status"] not in OVER for one in listed_batches()):
        time.sleep(0.02)


def order_and_collect(folder):
    """Order the images in one run, and collect them in the next one."""
    code = run_once(folder)
    if code not in {0, 6}:
        return code
    wait_for_batches()
    return run_once(folder)


def collect_again(folder):
    """Run until nothing is being made; a person looks up the orders that nobody found."""
    for _ in range(6):
        code = run_once(folder)
        if code not in {0, 6}:
            return [f"a run that collects ended with {code}"]
        wait_for_batches()
        account = json.loads((folder / "output" / "soda" / "latest" / "manifest.json").read_text())
        if not account["tickets"]:
            return []
        for ticket in account["tickets"]:
            if "a person decides" in (ticket["reason"] or ""):
                answer_of_person(folder, ticket["id"])
    return ["it was not collected after six runs"]


def answer_of_person(folder, ticket):
    labels = {(one["metadata"] or {}).get("label"): one["id"] for one in listed_batches()}
    answer = ("--found", labels[ticket]) if ticket in labels else ("--not-charged",)
    command_once(folder, "resolve", str(folder / "soda.yaml"), "--ticket", ticket, *answer)


BATCHES = Subject(
    act=order_and_collect,
    again=collect_again,
    campaign=BATCH_CAMPAIGN,
    wire="openai",
    keys_known=False,
)
"""Two runs, of which one orders images in a batch and the other collects them."""

SUBJECTS = {
    "sealed": SEALED,
    "batch": BATCHES,
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
