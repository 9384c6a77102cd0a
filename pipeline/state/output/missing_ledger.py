"""A ledger that is gone while its run manifests are there: noticed, with what mends it."""

import json
import shlex
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.ledger.registry import ledger_exists
from pipeline.model.campaign import Slug

HEAD = 4 * 1024 * 1024
"""Bytes of a run manifest that hold all that it says before its images."""
IMAGES = b'\n "images": ['


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestHead:
    """What the head of a run manifest says."""

    place: Path
    account: str
    upper: int
    """Credits that were spent or may have been."""


def unknown_to_ledger(output: Path, campaign: Slug, *, known: Container[str] = ()) -> str:
    """What to say where a campaign was paid for on accounts unknown to its ledger; else empty.

    `known`: the accounts on which the ledger has runs of this campaign.
    """
    newest: dict[str, ManifestHead] = {}
    for told in _manifests(output, campaign):
        if told.account not in known:
            newest.setdefault(told.account, told)
    lost = [told for told in newest.values() if told.upper]
    if not lost:
        return ""
    credits_ = sum(told.upper for told in lost)
    said = (
        f"the ledger in {output} knows nothing of {credits_:,} credits that {campaign} has spent: "
        "without it all would be bought again."
    )
    lines = [said]
    for told in lost:
        words = ["pipeline", "ledger", "import", str(told.place), "--output", str(output)]
        lines.append(f"Rebuild it  {shlex.join(words)}")
    return "\n".join([*lines, f"or, to begin anew, move {output / campaign} away"])


def campaigns_unknown_to_ledger(output: Path) -> list[str]:
    """`unknown_to_ledger` of every campaign in an output folder whose ledger is gone altogether."""
    if ledger_exists(output):
        return []
    campaigns = sorted({place.parent.name for place in output.glob("*/runs")})
    return [said for name in campaigns if (said := unknown_to_ledger(output, Slug(name)))]


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


def _manifests(output: Path, campaign: Slug) -> Iterator[ManifestHead]:
    """The run manifests of a campaign that can be read, newest first."""
    for place in sorted((output / campaign / "runs").glob("*/manifest.json"), reverse=True):
        try:
            with place.open("rb") as opened:
                head, found, _ = opened.read(HEAD).partition(IMAGES)
            told = json.loads(head + b'\n "images": []}') if found else {}
            yield ManifestHead(
                place=place,
                account=str(told["run"]["account"]),
                upper=int(told["totals"]["credits"]["upper"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
