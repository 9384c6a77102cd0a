"""Runs that the ledger does not know: it is lost, older than they are, or another copy's.

A run is in the ledger before its folder is made, and its manifest is written before its first
request. So a manifest whose run the ledger does not know proves that the ledger lacks what that
run bought. Only the names of the folders are compared, as long as the ledger knows them all.
"""

import json
import shlex
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.ledger.base import Ledger
from pipeline.ledger.place import LEDGER_FILE, ledger_exists
from pipeline.model.names import Slug
from pipeline.state.output.run_folders import (
    BESIDE,
    ManifestHead,
    manifest_heads,
    read_head,
    run_folder,
    run_names,
)

NAMED = 3
"""Runs that are named one by one."""


def newer_manifest(output: Path, campaign: Slug, *, run: str, account: str) -> Path | None:
    """Return the newest manifest of the same campaign and account, if it is not of this run."""
    heads = [head for head in manifest_heads(output, campaign) if head.account == account]
    runs = [head.run for head in heads]
    if not heads or runs[-1] == run or (run not in runs and run > runs[-1]):
        return None
    return heads[-1].place


async def lost_runs(ledger: Ledger | None, output: Path, campaign: Slug) -> list[ManifestHead]:
    """Return the runs of a campaign that bought what the ledger does not know, oldest first.

    `None`: there is no ledger. A run of which the ledger has not seen the end is compared with its
    manifest: a copy of the ledger that was made meanwhile knows the run and not the rest of it.
    """
    folder = run_folder(output, campaign)
    names = run_names(folder)
    known = await ledger.known_runs(names) if ledger is not None else {}
    lost = []
    for name in names:
        record = known.get(name)
        if record is not None and record.finished:
            continue
        head = read_head(folder / name)
        if head is None or (record is None and not head.may_have_spent):
            continue
        if record is not None and ledger is not None:
            spent = await ledger.spent(run=name)
            if head.this_run <= spent.confirmed:
                continue
        lost.append(head)
    return sorted(lost, key=lambda head: head.order)


def owner_in_manifests(output: Path, campaign: Slug, path: str) -> str:
    """Return what to do about a file that a run manifest lists; empty if none lists it."""
    named = f'"file": {json.dumps(path, ensure_ascii=False)}'.encode("utf-8", "surrogatepass")
    for head in reversed(manifest_heads(output, campaign)):
        if any(_contains(file, named) for file in (head.place, head.place.with_name(BESIDE))):
            return (
                f"as an image of run {head.run}, which the ledger does not know. "
                f"Import it with `{import_command(output, campaign)}` and run again"
            )
    return ""


def _contains(file: Path, text: bytes) -> bool:
    """Return whether a file has this text; `False` if there is no such file."""
    try:
        with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
            return content.find(text) >= 0
    except FileNotFoundError:
        return False


async def hold_ledger_to_runs(ledger: Ledger | None, output: Path, campaign: Slug) -> None:
    """Raise `UsageError`, with the command that mends it, if the ledger lacks runs beside it."""
    if lost := await lost_runs(ledger, output, campaign):
        raise UsageError(f"{lost_runs_message(output, campaign, lost)}\nNothing was sent.")


async def hold_to_ledger_file(ledger: Ledger, file: Ledger, output: Path, campaign: Slug) -> None:
    """Raise `UsageError` if a shared ledger lacks runs that the file in the output folder has."""
    runs = [run.id for run in await file.runs(campaign)]
    known = await ledger.known_runs(runs)
    missing = [run for run in runs if run not in known]
    if missing:
        raise UsageError(
            f"PIPELINE_LEDGER names another ledger than {output / LEDGER_FILE}, which has "
            f"{len(missing)} runs of {campaign} that it lacks: their images would be bought again. "
            "Nothing was sent.\n"
            f"Next  pipeline ledger copy {output / LEDGER_FILE} PIPELINE_LEDGER\n"
            f"or, to pay for them again, move {output / LEDGER_FILE} away"
        )


def lost_runs_message(output: Path, campaign: Slug, lost: Sequence[ManifestHead]) -> str:
    """Return what the ledger lacks, what that would cost, and the command that mends it."""
    runs = f"{len(lost)} {'run' if len(lost) == 1 else 'runs'} of {campaign}"
    ledger = f"the ledger in {output} is older than {runs} beside it"
    if not ledger_exists(output):
        ledger = f"the ledger of {output} is missing: the folder has no {LEDGER_FILE}, but {runs}"
    newest = {head.account: head for head in lost}
    spent = sum(head.this_run for head in lost)
    doubt = sum(head.in_doubt for head in newest.values())
    written = lost[-1].money
    cost = f"which cost {written.text(spent)}"
    if doubt:
        cost += f" and left {written.text(doubt)} in doubt"
    named = [f"  {head.place}" for head in lost[-NAMED:]]
    more = [f"  and {len(lost) - NAMED} more"] if len(lost) > NAMED else []
    return "\n".join(
        [
            f"{ledger}, {cost}.",
            f"A new run would buy {'its' if len(lost) == 1 else 'their'} images again.",
            *named,
            *more,
            f"Next  {import_command(output, campaign)}",
            f"or, to pay for them again, move {output / campaign} away",
        ]
    )


async def all_lost_runs(ledger: Ledger | None, output: Path) -> list[str]:
    """Return a message for every campaign of an output folder of which the ledger lacks runs."""
    campaigns = sorted({place.parent.name for place in output.glob("*/runs")})
    return [
        lost_runs_message(output, Slug(name), lost)
        for name in campaigns
        if (lost := await lost_runs(ledger, output, Slug(name)))
    ]


def import_command(output: Path, campaign: Slug) -> str:
    """Return the command that brings every run of a campaign that the ledger lacks."""
    words = ["pipeline", "ledger", "import", str(output / campaign), "--output", str(output)]
    return shlex.join(words)
