"""The campaign file that a campaign's folder belongs to: a second one would replace its images."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.errors import CampaignError, UsageError
from pipeline.files.confined import ConfinedPath, make_folders, write_whole
from pipeline.files.unreadable import read_file
from pipeline.model.names import Slug
from pipeline.state.output.location import project_of
from pipeline.system_errors import not_written

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


def record_file(
    output: Path,
    campaign: Slug,
    file: Path,
    *,
    extends: bool = True,
    provider: str | None = None,
) -> None:
    """Record that the campaign's folder belongs to this file; `LocalFault` if the disk fails.

    The path is relative to the output folder, so that both can be moved or copied together. Of a
    file that extends no other, the text alone says the name: its sha256 is recorded as well.
    `provider`: what `--provider` of the newest run was.
    """
    path = os.path.relpath(file.resolve(), output.resolve())
    other = recorded_file(output, campaign)
    if other is not None and _is_same(other, file):
        path = os.path.relpath(other, output.resolve())
    record = {"file": path} if extends else {"file": path, "sha256": _digest(file)}
    record |= {"provider": provider} if provider else {}
    if _read_record(output / campaign / RECORD) == record:
        return
    content = json.dumps(record, indent=1) + "\n"
    at = ConfinedPath(folders=(campaign,), name=RECORD)
    try:
        make_folders(output, at.folders)
        write_whole(output, at, content.encode())
    except OSError as error:
        raise not_written(output / str(at), error) from error


def recorded_name(output: Path, file: Path) -> Slug | None:
    """Return the name of the campaign that a run has read in this very text; `None` if none has.

    Reading the name as YAML takes longer than everything else that `status FILE` does.
    """
    digest = _digest(file)
    records = {place: _read_record(place) for place in output.glob(f"*/{RECORD}")}
    names = [
        Slug(place.parent.name)
        for place, record in records.items()
        if digest and record.get("sha256") == digest and _is_at(output, record, file)
    ]
    return names[0] if len(names) == 1 else None  # several, if it was renamed while it was read


def given_provider(output: Path, campaign: Slug) -> str | None:
    """Return the provider that the newest run was given on the command line, if it was.

    A next command without it would concern another account.
    """
    provider = _read_record(output / campaign / RECORD).get("provider")
    return provider if isinstance(provider, str) else None


def lost_file(output: Path, campaign: Slug) -> Path | None:
    """Return the file that the campaign's folder belongs to, if it is gone; `None` otherwise."""
    place = _named(output, campaign)
    return None if place is None or place.exists() else place


def recorded_file(output: Path, campaign: Slug) -> Path | None:
    """Return the file that the campaign's folder belongs to, if it is still there."""
    place = _named(output, campaign)
    return place if place is not None and place.is_file() else None


def _named(output: Path, campaign: Slug) -> Path | None:
    return _place(output, _read_record(output / campaign / RECORD))


def _read_record(place: Path) -> Mapping[str, object]:
    try:
        record = json.loads(read_file(place))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _place(output: Path, record: Mapping[str, object]) -> Path | None:
    named = record.get("file")
    if not isinstance(named, str):
        return None
    return Path(os.path.normpath(output.resolve() / named))


def _is_at(output: Path, record: Mapping[str, object], file: Path) -> bool:
    place = _place(output, record)
    with suppress(OSError):
        return place is not None and place.samefile(file)
    return False


def _digest(file: Path) -> str:
    """Return the sha256 of a file; empty if it cannot be read."""
    with suppress(OSError, ValueError):
        return hashlib.sha256(read_file(file)).hexdigest()
    return ""


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
