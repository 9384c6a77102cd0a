"""Images that cells share, in the folder of each: hard links, or copies on disks without links.

The ledger names one file for all of them. The other names are there for people who look into a
folder: nothing reads them, and the end of a run makes those that are missing. A file that has the
content of an image that the ledger names elsewhere holds nothing of its own, so it may be removed
whenever its place is needed. No other file is touched, and none that a run manifest lists as an
image of which this ledger knows nothing: that was paid for, though it may look like another one.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pipeline.files.confined import (
    ConfinedPath,
    link_or_copy,
    make_folders,
    open_file,
    remove_file,
)
from pipeline.images.base import sizes_on_disk
from pipeline.images.names import first_name, names_for, without_ending
from pipeline.model.artifact import Artifact
from pipeline.model.entry import Entry
from pipeline.model.job import Job
from pipeline.model.names import Slug, Stage
from pipeline.model.outcome import Stored
from pipeline.model.packed.rows import sharing_jobs
from pipeline.state.campaign_state import CampaignState
from pipeline.state.lookup import Entries, artifact_of
from pipeline.state.output.lost_runs import owner_in_manifests

_PIECE = 1024 * 1024


def show_shared(output: Path, state: CampaignState) -> int:
    """Give each image the name that it would have if its cell had bought it; return their number.

    A name that is taken by another file is left alone, unless that is another image of the
    campaign. A disk that fails ends nothing: the images are where the ledger says.
    """
    named = {
        path: artifact
        for job in sharing_jobs(state.jobs)
        if (artifact := artifact_of(job, state.entries)) is not None
        and (path := _own_path(job, artifact)) != artifact.path
    }
    sizes = sizes_on_disk(str(output), named)
    missing = {path: one for path, one in named.items() if sizes.get(path) != one.bytes}
    stored = _stored(state.entries.values()) if missing else {}
    made = 0
    for path, artifact in missing.items():
        if path in stored:
            continue
        with suppress(OSError):
            if path in sizes and not _remove_if_spare(output, path, stored):
                continue
            place = ConfinedPath.at(path)
            make_folders(output, place.folders)
            link_or_copy(output, ConfinedPath.at(artifact.path), place)
            made += 1
    return made


def make_way(output: Path, jobs: Iterable[Job], entries: Entries) -> None:
    """Remove names of shared images that images of these jobs are about to get."""
    if not entries:
        return
    paths = (path for job in jobs for path in names_for(f"{job.at.campaign}/{job.path}"))
    found = sizes_on_disk(str(output), paths)
    stored = _stored(entries.values()) if found else {}
    for path in found:
        with suppress(OSError):
            if path not in stored:
                _remove_if_spare(output, path, stored)


def spare_names(output: Path, campaign: Slug, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the files of a campaign that have the content of an image with another name."""
    stored = _stored(entries)
    for stage in Stage if stored else ():
        for folder, _, names in os.walk(output / campaign / f"{stage}s"):
            for name in sorted(names):
                path = PurePosixPath(Path(folder).relative_to(output), name).as_posix()
                with suppress(OSError, ValueError):
                    if path not in stored and _is_spare(output, path, stored):
                        yield path


def _stored(entries: Iterable[Entry]) -> Mapping[str, Artifact]:
    """Return the stored images by the paths that the ledger has of them."""
    artifacts = (one.outcome.artifact for one in entries if isinstance(one.outcome, Stored))
    return {artifact.path: artifact for artifact in artifacts}


def _own_path(job: Job, artifact: Artifact) -> str:
    """Return the path that an image has if the cell of this job has bought it."""
    plain = without_ending(f"{job.at.campaign}/{job.path}")
    return plain + PurePosixPath(artifact.path).suffix


def _remove_if_spare(output: Path, path: str, stored: Mapping[str, Artifact]) -> bool:
    if not _is_spare(output, path, stored):
        return False
    remove_file(output, ConfinedPath.at(path))
    return True


def _is_spare(output: Path, path: str, stored: Mapping[str, Artifact]) -> bool:
    """Return whether a file has the content of an image whose own file is there.

    A file that a run manifest lists has to be that of an image that the ledger knows.
    """
    size = sizes_on_disk(str(output), [path]).get(path)
    alike = [one for one in stored.values() if one.bytes == size and one.path != path]
    there = sizes_on_disk(str(output), [one.path for one in alike])
    digests = {one.sha256 for one in alike if there.get(one.path) == one.bytes}
    if not digests or _digest(output, path) not in digests:
        return False
    if any(first_name(one) == path for one in stored.values()):
        return True
    return not owner_in_manifests(output, Slug(ConfinedPath.at(path).folders[0]), path)


def _digest(output: Path, path: str) -> str:
    digest = hashlib.sha256()
    with os.fdopen(open_file(output, ConfinedPath.at(path)), "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
