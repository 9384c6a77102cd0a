"""The campaign file that a campaign's folder belongs to: a second one would replace its images."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipeline.errors import CampaignError, LocalFault, UsageError
from pipeline.files.confined import ConfinedPath, make_folders, write_whole
from pipeline.files.unreadable import read_file
from pipeline.model.names import Slug
from pipeline.state.output.location import project_of

RECORD = "campaign-file.json"

ReadName = Callable[[Path], Slug]
"""Returns the name in a campaign file; `CampaignError` if it has none."""


def refuse_second_file(output: Path, campaign: Slug, file: Path, *, read_name: ReadName) -> None:
    """Raise `UsageError` if the campaign's folder belongs to another file with the same name.

    A file that is gone, has another name by now, or says the same is no other one. Nor is the same
    file of another checkout: it lies at the same place in its project.
    """
    other = recorded_file(output, campaign)
    if other is None or _is_same(other, file) or _has_other_name(other, campaign, read_name):
        return
    shown = Path(os.path.relpath(other))
    raise UsageError(
        f"the campaign {campaign} in {output} is that of {shown},\n"
        f"and {file} has the same name: the images stored there are not its own,\n"
        f"and a run would replace them. Nothing was sent.\n"
        f"Next  give {file} a name of its own, such as campaign: {campaign}-2\n"
        f"or, if it takes the place of {shown}, remove that file or rename its campaign"
    )


def record_file(output: Path, campaign: Slug, file: Path) -> None:
    """Record that the campaign's folder belongs to this file; `LocalFault` if the disk fails.

    The path is relative to the output folder, so that both can be moved or copied together.
    """
    path = os.path.relpath(file.resolve(), output.resolve())
    other = recorded_file(output, campaign)
    if other is None or (not _is_same(other, file) and not _same_text(other, file)):
        content = json.dumps({"file": path}, indent=1) + "\n"
        at = ConfinedPath(folders=(campaign,), name=RECORD)
        try:
            make_folders(output, at.folders)
            write_whole(output, at, content.encode())
        except OSError as error:
            raise LocalFault(f"cannot write {output / str(at)}: {error.strerror}") from error


def lost_file(output: Path, campaign: Slug) -> Path | None:
    """Return the file that the campaign's folder belongs to, if it is gone; `None` otherwise."""
    place = _named(output, campaign)
    return None if place is None or place.exists() else place


def recorded_file(output: Path, campaign: Slug) -> Path | None:
    """Return the file that the campaign's folder belongs to, if it is still there."""
    place = _named(output, campaign)
    return place if place is not None and place.is_file() else None


def _named(output: Path, campaign: Slug) -> Path | None:
    try:
        content = json.loads(read_file(output / campaign / RECORD))
        return Path(os.path.normpath(output.resolve() / content["file"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_same(other: Path, file: Path) -> bool:
    with suppress(OSError):
        if other.samefile(file) or _same_text(other, file):
            return True
        roots = [project_of(one.resolve().parent) for one in (other, file)]
        places = [
            one.resolve().relative_to(root)
            for one, root in zip((other, file), roots, strict=True)
            if root is not None
        ]
        return len(places) == 2 and roots[0] != roots[1] and places[0] == places[1]  # noqa: PLR2004 - both
    return False


def _same_text(other: Path, file: Path) -> bool:
    with suppress(OSError):
        return read_file(other) == read_file(file)
    return False


def _has_other_name(other: Path, campaign: Slug, read_name: ReadName) -> bool:
    try:
        return read_name(other) != campaign
    except CampaignError:
        return False
