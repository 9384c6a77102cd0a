"""Detecting a ledger that lacks what run manifests say was spent, and how to repair it."""

import json
import shlex
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.ledger.registry import ledger_exists
from pipeline.model.campaign import Slug

HEAD = 4 * 1024 * 1024
"""Bytes at the start of a run manifest that contain everything before its images."""
IMAGES = b'\n "images": ['


@dataclass(frozen=True, kw_only=True, slots=True)
class ManifestHead:
    """The part of a run manifest before its images."""

    place: Path
    account: str
    upper: int
    """Credits that were spent or may have been."""


def unknown_to_ledger(output: Path, campaign: Slug, *, known: Container[str] = ()) -> str:
    """Return a warning if accounts unknown to the ledger paid for a campaign; else an empty text.

    `known`: the accounts on which the ledger has runs of this campaign.
    """
    newest: dict[str, ManifestHead] = {}
    for head in _manifests(output, campaign):
        if head.account not in known:
            newest.setdefault(head.account, head)
    lost = [head for head in newest.values() if head.upper]
    if not lost:
        return ""
    credits_ = sum(head.upper for head in lost)
    message = (
        f"the ledger in {output} lacks {credits_:,} credits that {campaign} has spent: "
        "a run would buy those images again."
    )
    lines = [message]
    for head in lost:
        words = ["pipeline", "ledger", "import", str(head.place), "--output", str(output)]
        lines.append(f"Rebuild it  {shlex.join(words)}")
    return "\n".join([*lines, f"or, to begin anew, move {output / campaign} away"])


def campaigns_unknown_to_ledger(output: Path) -> list[str]:
    """Return the warnings for every campaign in an output folder that has no ledger at all."""
    if ledger_exists(output):
        return []
    campaigns = sorted({place.parent.name for place in output.glob("*/runs")})
    return [message for name in campaigns if (message := unknown_to_ledger(output, Slug(name)))]


def newer_manifest(output: Path, manifest: object) -> Path | None:
    """Return the newest manifest of the same campaign and account if it is newer than this one."""
    run = manifest.get("run") if isinstance(manifest, dict) else None
    if not isinstance(run, dict):
        return None
    campaign, account, name = (str(run.get(key)) for key in ("campaign", "account", "id"))
    for head in _manifests(output, Slug(campaign)):
        if head.place.parent.name <= name:
            return None
        if head.account == account:
            return head.place
    return None


def _manifests(output: Path, campaign: Slug) -> Iterator[ManifestHead]:
    """Yield the run manifests of a campaign that can be read, newest first."""
    for place in sorted((output / campaign / "runs").glob("*/manifest.json"), reverse=True):
        try:
            with place.open("rb") as opened:
                start, found, _ = opened.read(HEAD).partition(IMAGES)
            content = json.loads(start + b'\n "images": []}') if found else {}
            yield ManifestHead(
                place=place,
                account=str(content["run"]["account"]),
                upper=int(content["totals"]["credits"]["upper"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue
