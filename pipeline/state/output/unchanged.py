"""A campaign in which nothing is due: how that is remembered, and told again without planning."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from pipeline.images.registry import images_in
from pipeline.ledger.registry import ledger_mark
from pipeline.model.campaign import Campaign, Slug
from pipeline.model.run import RunId, RunPaths
from pipeline.state.output.folder import write_file

TOTALS = b'\n "totals": '
"""Where a run manifest stops telling of the run; no text before it can hold a bare line break."""
PIECE = 1024 * 1024

OWN_WRITES = 2
"""What a run in which nothing is due writes into the ledger: that it began, and that it ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """The ledger and the disk as a run found them, before it looked at anything else."""

    ledger: str
    """The random name of the ledger."""
    writes: int
    """How far it had been written."""
    folders: str
    """A digest of all folders of images: when each last changed, and the bytes in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unchanged:
    """What must all be as it was for the last account to hold still."""

    fingerprint: str
    """Of the campaign's meaning, the account, and what the run was asked."""
    ledger: str
    writes: int
    folders: str
    run: RunId
    """The run whose manifest says it all."""
    images: int
    """How many it lists."""


def campaign_fingerprint(campaign: Campaign, *, account: str, asked: Iterable[object]) -> str:
    """The same campaign, account and flags in the same month have the same one."""
    month = f"{datetime.now(UTC):%Y-%m}"
    facts = [campaign.sha256, campaign.provider, account, month, *map(str, asked)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def take_fingerprint(root: Path, campaign: Slug) -> Fingerprint | None:
    """How ledger and images are now; `None` where the ledger has no mark."""
    mark = ledger_mark(root)
    if mark is None:
        return None
    folders = images_in(root).fingerprint([f"{campaign}/drafts", f"{campaign}/finals"])
    return Fingerprint(ledger=mark.name.hex(), writes=mark.commits, folders=folders)


def remember_unchanged(
    root: Path, campaign: Slug, *, run: RunId, seen: str, sight: Fingerprint | None, images: int
) -> None:
    """After a run that left nothing due and paid nothing: what it found at its start holds.

    Nothing is remembered where somebody else wrote into the ledger meanwhile: a verdict given
    while the run looked must be heard by the next one.
    """
    mark = ledger_mark(root)
    if mark is None or sight is None:
        return
    writes = sight.writes + OWN_WRITES
    if (mark.name.hex(), mark.commits) == (sight.ledger, writes):
        settled = Unchanged(
            fingerprint=seen,
            ledger=sight.ledger,
            writes=writes,
            folders=sight.folders,
            run=run,
            images=images,
        )
        write_file(root, _place(campaign), json.dumps(asdict(settled)).encode())


def still_unchanged(
    root: Path, campaign: Slug, *, seen: str, sight: Fingerprint | None
) -> Unchanged | None:
    """The account that still holds; `None` where anything is not as it was."""
    try:
        known = Unchanged(**json.loads((root / _place(campaign)).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    now = Fingerprint(ledger=known.ledger, writes=known.writes, folders=known.folders)
    paths = RunPaths(campaign=campaign, run=known.run)
    there = (root / paths.manifest).is_file() and (root / paths.table).is_file()
    return known if known.fingerprint == seen and now == sight and there else None


def repeat_report(
    root: Path, campaign: Slug, *, before: RunId, now: RunId, run: Mapping[str, object]
) -> None:
    """Write the last account as that of a new run.

    Only what is said of the run itself is new; totals and images are carried over byte for byte.
    `LocalFault` where the disk fails, `ValueError` where the last manifest is not one of ours.
    """
    old = RunPaths(campaign=campaign, run=before)
    new = RunPaths(campaign=campaign, run=now)
    try:
        with (root / old.manifest).open("rb") as manifest, (root / old.table).open("rb") as table:
            first = manifest.read(PIECE)
            at = first.index(TOTALS)
            account = json.loads(first[:at].removesuffix(b",") + b"}")
            account["run"] = {**account["run"], **run}
            head = json.dumps(account, indent=1, ensure_ascii=False)
            said = head.encode("utf-8", "surrogatepass").removesuffix(b"\n}") + b","
            write_file(root, new.manifest, _pieces(said + first[at:], manifest))
            write_file(root, new.table, _pieces(b"", table))
    except OSError as error:
        raise ValueError(f"the last account cannot be read: {error.strerror}") from error


def _pieces(first: bytes, rest: IO[bytes]) -> Iterator[bytes]:
    yield first
    while piece := rest.read(PIECE):
        yield piece


def _place(campaign: Slug) -> PurePosixPath:
    return PurePosixPath(campaign) / "settled.json"
