"""A campaign in which nothing is due: how that is remembered, and told again without planning."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from pipeline.errors import LocalFault
from pipeline.ledger.marks import read_mark
from pipeline.model.campaign import Campaign, Slug
from pipeline.model.run import RunId, RunPaths
from pipeline.runs.folder import LEDGER, write_file

IMAGES = b'\n "images": ['
"""Where a run manifest's list of images begins; no text in it can hold a bare line break."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What must all be as it was for the last account to hold still."""

    fingerprint: str
    """Of the campaign's meaning, the account, and what the run was asked."""
    mark: str
    """How far the ledger had been written."""
    folders: Mapping[str, str]
    """Folders of images → when they last changed, and the bytes in them."""
    run: RunId
    """The run whose manifest says it all."""


def fingerprint(campaign: Campaign, *, account: str, asked: Iterable[object]) -> str:
    """The same campaign, account and flags in the same month have the same one."""
    month = f"{datetime.now(UTC):%Y-%m}"
    facts = [campaign.sha256, campaign.provider, account, month, *map(str, asked)]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def remember(root: Path, campaign: Slug, *, run: RunId, seen: str) -> None:
    """After a run that left nothing due and paid nothing; not where the ledger has no mark."""
    mark = _mark(root)
    if mark is None:
        return
    settled = Settled(fingerprint=seen, mark=mark, folders=_folders(root, campaign), run=run)
    write_file(root, _place(campaign), json.dumps(asdict(settled)).encode())


def still_settled(root: Path, campaign: Slug, *, seen: str) -> RunId | None:
    """The run whose account still holds; `None` where anything is not as it was."""
    try:
        known = Settled(**json.loads((root / _place(campaign)).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    same = (
        known.fingerprint == seen
        and known.mark == _mark(root)
        and dict(known.folders) == _folders(root, campaign)
    )
    paths = RunPaths(campaign=campaign, run=known.run)
    there = (root / paths.manifest).is_file() and (root / paths.table).is_file()
    return known.run if same and there else None


def repeat_account(
    root: Path, campaign: Slug, *, before: RunId, now: RunId, run: Mapping[str, object]
) -> Mapping[str, object]:
    """Write the last account as that of a new run; returns its totals.

    Only what is said of the run itself is new; the images are carried over byte for byte.
    `LocalFault` where the disk fails, `ValueError` where the last manifest is not one of ours.
    """
    old = RunPaths(campaign=campaign, run=before)
    new = RunPaths(campaign=campaign, run=now)
    try:
        text = (root / old.manifest).read_bytes()
        table = (root / old.table).read_bytes()
    except OSError as error:
        raise ValueError(f"the last account cannot be read: {error.strerror}") from error
    at = text.index(IMAGES)
    account = json.loads(text[:at] + IMAGES + b"]}")
    account["run"] = {**account["run"], **run}
    head = json.dumps(
        {key: value for key, value in account.items() if key != "images"},
        indent=1,
        ensure_ascii=False,
    ).encode("utf-8", "surrogatepass")
    write_file(root, new.manifest, head.removesuffix(b"\n}") + b"," + text[at:])
    write_file(root, new.table, table)
    totals: Mapping[str, object] = account["totals"]
    return totals


def _place(campaign: Slug) -> PurePosixPath:
    return PurePosixPath(campaign) / "settled.json"


def _mark(root: Path) -> str | None:
    mark = read_mark(root / LEDGER)
    return f"{mark.name.hex()} {mark.commits}" if mark else None


def _folders(root: Path, campaign: Slug) -> dict[str, str]:
    """Every folder that images lie in: the nanosecond of its last change, and what is in it.

    A file that was cut short where it lies changes no folder, only the sum of the bytes.
    """
    found: dict[str, str] = {}
    waiting = [root / campaign / stage for stage in ("drafts", "finals")]
    try:
        while waiting:
            folder = waiting.pop()
            if not folder.is_dir():
                continue
            size = 0
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(folder / entry.name)
                    else:
                        size += entry.stat(follow_symlinks=False).st_size
            found[os.path.relpath(folder, root)] = f"{folder.stat().st_mtime_ns} {size}"
    except OSError as error:
        raise LocalFault(f"cannot look at the images of {campaign}: {error.strerror}") from error
    return found
