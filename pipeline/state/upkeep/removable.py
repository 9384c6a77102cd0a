"""What may be removed from an output folder after months, and nothing else.

Only files that a command of this program wrote under names of its own are ever listed. A run whose
purchases the ledger does not know is kept: its manifest is what a ledger is rebuilt from.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from pipeline.adfiles.record import AdFileRecord
from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, remove_empty_folder, remove_file
from pipeline.images.base import stored_sizes
from pipeline.images.registry import images_in
from pipeline.images.thumbs import SIDES
from pipeline.ledger.base import Ledger
from pipeline.model.entry import CampaignRecord, Entry
from pipeline.model.money import FREE, IN_CREDITS, Amount, MoneyFormat
from pipeline.model.names import Slug
from pipeline.model.outcome import Stored
from pipeline.model.run import RunId
from pipeline.state.output.campaign_file import lost_file
from pipeline.state.output.lost_runs import lost_runs
from pipeline.state.output.run_folders import (
    BESIDE,
    LOG,
    MANIFEST,
    feeds_of,
    manifest_heads,
    money_of,
    run_folder,
    run_names,
)
from pipeline.state.upkeep.feed_snapshots import INDEX, FeedSnapshots
from pipeline.state.upkeep.shared_images import spare_names
from pipeline.state.upkeep.upload_record import UploadRecord, newest_store

_RUN_FILES = (LOG, "images.csv", "sheet.html", BESIDE, MANIFEST)
"""The manifest comes last: a run that is half removed still says what it bought."""
_PLAN = re.compile(r"[0-9a-f]{8}\.json", re.ASCII)
_SNAPSHOT = re.compile(r"[0-9a-f]{64}\.(csv|tsv|xlsx|jsonl?|ya?ml)", re.ASCII)
_THUMB = re.compile(rf"([0-9a-f]{{16}})-({'|'.join(map(str, SIDES))})\.webp", re.ASCII)
_DIGEST = re.compile(r'"([0-9a-f]{64})"', re.ASCII)


class Removal(StrEnum):
    """Why something may be removed."""

    RUN = "old run"
    PLAN = "old plan"
    THUMB = "thumb without image"
    SNAPSHOT = "feed snapshot that no kept run or plan names"
    OBJECT = "object in the store that nothing names"
    IMAGE = "image of a campaign whose file is gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class Removable:
    """A file, or the folder of a run."""

    why: Removal
    path: PurePosixPath
    """Below the output folder."""
    size: int
    """Bytes."""
    amount: Amount = FREE
    """What an image cost; shared images cost nothing more."""
    money: MoneyFormat = IN_CREDITS
    """How amounts of its account are written."""
    entry: Entry | None = None
    """The job of an image."""


async def removable(
    ledger: Ledger, output: Path, campaign: Slug, *, keep_runs: int, images_gone: bool
) -> list[Removable]:
    """Return what may be removed of a campaign; the newest `keep_runs` runs and plans are kept.

    `images_gone`: the images of a campaign whose file is gone will be removed, and their thumbs.
    """
    old = await _old_runs(ledger, output, campaign, keep_runs=keep_runs)
    plans = _old_plans(output, campaign, keep=keep_runs)
    record = await ledger.record(campaign)
    entries = record.entries.values()
    gone = {one.path.name for one in (*old, *plans)}
    images = [] if lost_file(output, campaign) is None else [*_images(output, campaign, record)]
    shown = [] if images and images_gone else entries
    if images and images_gone:  # before the images, of which they are known
        images = [*_spare_names(output, campaign, entries), *images]
    return [
        *old,
        *plans,
        *_unnamed_snapshots(output, campaign, gone=gone),
        *_idle_thumbs(output, campaign, shown),
        *_unnamed_objects(output, campaign, shown),
        *images,
    ]


def remove(output: Path, item: Removable) -> None:
    """Remove a file, or the files of a run and its folder; safe to repeat.

    `LocalFault` if the disk fails. Files that no run wrote stay, with their folder.
    """
    place = ConfinedPath.at(str(item.path))
    try:
        if item.why is not Removal.RUN:
            remove_file(output, place)
            return
        for name in _RUN_FILES:
            remove_file(output, ConfinedPath.at(f"{item.path}/{name}"))
        remove_empty_folder(output, place)
    except OSError as error:
        raise LocalFault(f"cannot remove {output / item.path}: {error.strerror}") from error


async def _old_runs(
    ledger: Ledger, output: Path, campaign: Slug, *, keep_runs: int
) -> list[Removable]:
    """Return the folders of old runs, oldest first.

    Kept are also the run that `latest` leads to or that is repeated while nothing changes, the
    newest of each account, and runs that the ledger does not know as a whole.
    """
    folder = run_folder(output, campaign)
    names = run_names(folder)
    heads = manifest_heads(output, campaign)
    readable = [head.run for head in heads]
    ordered = [*(name for name in names if name not in readable), *readable]
    known = await ledger.known_runs(names)
    kept = {*ordered[-keep_runs:], *(head.run for head in heads if head.latest)}
    kept |= {*{head.account: head.run for head in heads}.values(), _repeated(output, campaign)}
    kept |= {head.run for head in await lost_runs(ledger, output, campaign)}
    old = [name for name in ordered if name in known and name not in kept]
    items = (_old_run(output, campaign, name) for name in old)
    return [item for item in items if item.size or _is_empty(output / item.path)]


def _old_run(output: Path, campaign: Slug, name: RunId) -> Removable:
    path = PurePosixPath(campaign) / "runs" / name
    size = sum(_size(output / path / file) for file in _RUN_FILES)
    return Removable(why=Removal.RUN, path=path, size=size)


def _repeated(output: Path, campaign: Slug) -> RunId:
    """Return the run whose report is repeated while nothing changes; empty if there is none."""
    try:
        content = json.loads((output / campaign / "settled.json").read_bytes())
        return RunId(str(content["run"]))
    except (OSError, ValueError, KeyError, TypeError):
        return RunId("")


def _old_plans(output: Path, campaign: Slug, *, keep: int) -> list[Removable]:
    found = [place for place in _files(output / campaign / "plans") if _PLAN.fullmatch(place.name)]
    found.sort(key=lambda place: (place.stat().st_mtime_ns, place.name))
    return [_found(Removal.PLAN, output, place) for place in found[: -keep or None]]


def _unnamed_snapshots(output: Path, campaign: Slug, *, gone: set[str]) -> Iterator[Removable]:
    """Yield the snapshots that neither the index nor a run or plan that is kept names."""
    snapshots = FeedSnapshots(output=output, campaign=campaign)
    files = [place for place in _files(snapshots.path("")) if _SNAPSHOT.fullmatch(place.name)]
    index = snapshots.path(INDEX)
    if not files or (not snapshots.newest() and index.exists()):
        return  # an index that cannot be read may name any of them
    named = {newest.sha256 for newest in snapshots.newest().values()}
    folder = run_folder(output, campaign)
    for name in run_names(folder):
        if name not in gone:
            named |= feeds_of(folder / name)
    for plan in _files(output / campaign / "plans"):
        if plan.name not in gone:
            named |= set(_DIGEST.findall(plan.read_text("utf-8", "replace")))
    for place in files:
        if place.name.partition(".")[0] not in named:
            yield _found(Removal.SNAPSHOT, output, place)


def _idle_thumbs(output: Path, campaign: Slug, entries: Collection[Entry]) -> Iterator[Removable]:
    stored = {
        entry.outcome.artifact.sha256[:16] for entry in entries if isinstance(entry.outcome, Stored)
    }
    for place in _files(output / campaign / "thumbs"):
        thumb = _THUMB.fullmatch(place.name)
        if thumb and thumb[1] not in stored:
            yield _found(Removal.THUMB, output, place)


def _unnamed_objects(
    output: Path, campaign: Slug, entries: Collection[Entry]
) -> Iterator[Removable]:
    """Yield what was uploaded and is neither a stored image nor a current ad file any more."""
    url = newest_store(output, campaign)
    if not url:
        return
    named = {one.outcome.artifact.path for one in entries if isinstance(one.outcome, Stored)}
    if entries:
        named |= {row.made.path for row in AdFileRecord(output, campaign)}
    for uploaded in UploadRecord(output, campaign, url):
        if uploaded.path not in named:
            path = PurePosixPath(uploaded.path)
            yield Removable(why=Removal.OBJECT, path=path, size=uploaded.bytes)


def _images(output: Path, campaign: Slug, record: CampaignRecord) -> Iterator[Removable]:
    """Yield the stored images of a campaign; a file that several jobs name is listed for each."""
    accounts, sizes = record.accounts, stored_sizes(record.entries.values(), images_in(output))
    written = {account: money_of(output, campaign, account) for account in {*accounts.values()}}
    for entry in record.entries.values():
        if isinstance(entry.outcome, Stored):
            path = PurePosixPath(entry.outcome.artifact.path)
            yield Removable(
                why=Removal.IMAGE,
                path=path,
                size=sizes.get(str(path), 0),
                amount=entry.spent.confirmed,
                money=written[accounts[entry.key]] if entry.key in accounts else IN_CREDITS,
                entry=entry,
            )


def _spare_names(output: Path, campaign: Slug, entries: Iterable[Entry]) -> Iterator[Removable]:
    """Yield the further names of shared images, which are links as a rule."""
    for name in spare_names(output, campaign, entries):
        yield Removable(why=Removal.IMAGE, path=PurePosixPath(name), size=0)


def _found(why: Removal, output: Path, place: Path) -> Removable:
    path = PurePosixPath(place.relative_to(output).as_posix())
    return Removable(why=why, path=path, size=_size(place))


def _files(folder: Path) -> list[Path]:
    """Return the regular files of a folder that is no link; none if there is none."""
    if folder.is_symlink():
        return []
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return []
    return [place for place in found if place.is_file() and not place.is_symlink()]


def _is_empty(folder: Path) -> bool:
    """Return whether a folder is left of a removal that was interrupted after its last file."""
    try:
        return not folder.is_symlink() and not any(folder.iterdir())
    except OSError:
        return False


def _size(place: Path) -> int:
    try:
        return place.lstat().st_size
    except OSError:
        return 0
