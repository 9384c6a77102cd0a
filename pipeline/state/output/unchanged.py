"""Detecting that a campaign is unchanged and nothing is due, and repeating its last report."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.files.unreadable import read_file
from pipeline.images.registry import images_in
from pipeline.ledger.registry import mark_of_ledger
from pipeline.model.campaign import Campaign
from pipeline.model.names import Slug
from pipeline.model.run import RunId, RunPaths
from pipeline.state.output.folder import write_file
from pipeline.state.output.run_folders import MOST_LISTED

TOTALS = b'\n "totals": '
"""The start of a run manifest's totals; no text before it can contain a bare line break."""
PIECE = 1024 * 1024

OWN_WRITES = 2
"""Writes into the ledger by a run in which nothing is due: its beginning and its end."""

REPORT = "run-manifest/2"
"""The form of a report; one of another form is not repeated, but written anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """The state of the ledger and the disk at the start of a run."""

    ledger: str
    """The random name of the ledger."""
    writes: int
    """Number of writes to the ledger."""
    folders: str
    """A digest of all folders of images: when each last changed, and the bytes in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unchanged:
    """The state in which the last report is still right."""

    fingerprint: str
    """Digest of the campaign, the account and the options of the run."""
    ledger: str
    writes: int
    folders: str
    run: RunId
    """The run whose manifest is repeated."""
    images: int
    """Number of images that its manifest lists."""


def campaign_fingerprint(campaign: Campaign, *, account: str, asked: Iterable[object]) -> str:
    """Return the same text for the same campaign, account and flags in the same month."""
    month = f"{datetime.now(UTC):%Y-%m}"
    facts = [REPORT, campaign.sha256, campaign.provider, account, month, *map(str, asked)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def take_fingerprint(root: Path, campaign: Slug) -> Fingerprint | None:
    """Return the current state of ledger and images; `None` if the ledger has no mark."""
    mark = mark_of_ledger(root)
    if mark is None:
        return None
    folders = images_in(root).fingerprint(
        [f"{campaign}/{folder}" for folder in ("drafts", "finals", "adfiles")]
    )
    return Fingerprint(ledger=mark.name.hex(), writes=mark.commits, folders=folders)


def remember_unchanged(
    root: Path, campaign: Slug, *, run: RunId, seen: str, found: Fingerprint | None, images: int
) -> None:
    """Save what a run found at its start, after it left nothing due and paid nothing.

    Nothing is saved if another process wrote to the ledger meanwhile: the next run must see a
    verdict that was given during this one.
    """
    mark = mark_of_ledger(root)
    if mark is None or found is None:
        return
    writes = found.writes + OWN_WRITES
    if (mark.name.hex(), mark.commits) == (found.ledger, writes):
        unchanged = Unchanged(
            fingerprint=seen,
            ledger=found.ledger,
            writes=writes,
            folders=found.folders,
            run=run,
            images=images,
        )
        write_file(root, _place(campaign), json.dumps(asdict(unchanged)).encode())


def still_unchanged(
    root: Path, campaign: Slug, *, seen: str, found: Fingerprint | None
) -> Unchanged | None:
    """Return what was saved if it still holds; `None` if anything has changed."""
    try:
        known = Unchanged(**json.loads(read_file(root / _place(campaign))))
    except (OSError, ValueError, TypeError):
        return None
    now = Fingerprint(ledger=known.ledger, writes=known.writes, folders=known.folders)
    paths = RunPaths(campaign=campaign, run=known.run)
    files = [paths.manifest, paths.table, *([paths.images] if known.images > MOST_LISTED else [])]
    there = all((root / place).is_file() for place in files)
    return known if known.fingerprint == seen and now == found and there else None


def repeat_report(
    root: Path, campaign: Slug, *, before: RunId, now: RunId, run: Mapping[str, object]
) -> None:
    """Write the report of an earlier run as that of a new run.

    Only the facts of the run itself are new; totals and images are copied byte for byte.
    `LocalFault` if the disk fails, `ValueError` if the last manifest is not one of ours.
    """
    old = RunPaths(campaign=campaign, run=before)
    new = RunPaths(campaign=campaign, run=now)
    try:
        with (root / old.manifest).open("rb") as manifest, (root / old.table).open("rb") as table:
            first = manifest.read(PIECE)
            at = first.index(TOTALS)
            content = json.loads(first[:at].removesuffix(b",") + b"}")
            content["run"] = {**content["run"], **run}
            head = json.dumps(content, indent=1, ensure_ascii=False)
            start = head.encode("utf-8", "surrogatepass").removesuffix(b"\n}") + b","
            if (root / old.images).is_file():
                with (root / old.images).open("rb") as images:
                    write_file(root, new.images, _pieces(b"", images))
            write_file(root, new.manifest, _pieces(start + first[at:], manifest))
            write_file(root, new.table, _pieces(b"", table))
    except OSError as error:
        raise ValueError(f"the last report cannot be read: {error.strerror}") from error


def _pieces(first: bytes, rest: IO[bytes]) -> Iterator[bytes]:
    yield first
    while piece := rest.read(PIECE):
        yield piece


def _place(campaign: Slug) -> PurePosixPath:
    return PurePosixPath(campaign) / "settled.json"
