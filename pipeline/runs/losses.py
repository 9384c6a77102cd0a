"""A ledger that is gone while its run manifests are there: noticed, with what mends it."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.model.campaign import Slug
from pipeline.runs.folder import LEDGER

HEAD = 4 * 1024 * 1024
"""Bytes of a run manifest that hold all that it says before its images."""
IMAGES = b'\n "images": ['


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What the head of a run manifest says."""

    place: Path
    account: str
    upper: int
    """Credits that were spent or may have been."""


def forgotten(output: Path, campaign: Slug) -> str:
    """What to say where the ledger knows nothing of a campaign that was paid for; else empty.

    The caller has asked the ledger, or has seen that there is none.
    """
    paid = next((told for told in _manifests(output, campaign) if told.upper), None)
    if paid is None:
        return ""
    words = ["pipeline", "ledger", "import", str(paid.place), "--output", str(output)]
    return (
        f"the ledger in {output} knows nothing of {campaign}, and {paid.place} tells of "
        f"{paid.upper:,} credits: without the ledger all of it would be bought again.\n"
        f"Rebuild it  {shlex.join(words)}\n"
        f"or, to begin anew, move {output / campaign} away"
    )


def forgotten_campaigns(output: Path) -> list[str]:
    """`forgotten` of every campaign in an output folder whose ledger is gone altogether."""
    if (output / LEDGER).exists():
        return []
    campaigns = sorted({place.parent.name for place in output.glob("*/runs")})
    return [said for name in campaigns if (said := forgotten(output, Slug(name)))]


def newer_manifest(output: Path, manifest: object) -> Path | None:
    """The newest manifest of the same campaign and account, where it is newer than this one."""
    run = manifest.get("run") if isinstance(manifest, dict) else None
    if not isinstance(run, dict):
        return None
    campaign, account, name = (str(run.get(key)) for key in ("campaign", "account", "id"))
    for told in _manifests(output, Slug(campaign)):
        if told.place.parent.name <= name:
            return None
        if told.account == account:
            return told.place
    return None


def _manifests(output: Path, campaign: Slug) -> Iterator[Told]:
    """The run manifests of a campaign that can be read, newest first."""
    for place in sorted((output / campaign / "runs").glob("*/manifest.json"), reverse=True):
        try:
            with place.open("rb") as opened:
                head, found, _ = opened.read(HEAD).partition(IMAGES)
            told = json.loads(head + b'\n "images": []}') if found else {}
            yield Told(
                place=place,
                account=str(told["run"]["account"]),
                upper=int(told["totals"]["credits"]["upper"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
