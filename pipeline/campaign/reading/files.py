"""The files that a campaign may read, and their names in messages."""

import os.path
from dataclasses import dataclass
from pathlib import Path

from pipeline.campaign.findings import Place, refusal
from pipeline.errors import CampaignError

_ROOT_MARKS = (".git", "pyproject.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadableFile:
    """The path of a file to read, and its name in messages."""

    path: Path
    shown: str


def project_root(file: Path) -> Path:
    """Return the nearest folder upwards with `.git` or `pyproject.toml`, else the grandparent."""
    folder = file.resolve().parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in _ROOT_MARKS):
            return candidate
    return folder.parent


def beside(named: str, *, base: ReadableFile) -> ReadableFile:
    """Return a file whose name is relative to the file that names it."""
    shown = os.path.normpath(os.path.join(os.path.dirname(base.shown), named))  # noqa: PTH118, PTH120  a name, not a path: `..` goes by text
    return ReadableFile(path=base.path.parent / named, shown=shown)


def below_root(readable: ReadableFile, *, root: Path, at: Place, path: str = "") -> ReadableFile:
    """Return the file if it is below the root; raise `CampaignError` otherwise."""
    try:
        inside = readable.path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not inside:
        complaint = (
            f"{readable.shown} lies outside {root}, which templates and partial files may not leave"
        )
        raise refusal(complaint, at=at, code="outside", path=path)
    return readable


def where_named(
    error: CampaignError, readable: ReadableFile, *, at: Place, path: str = ""
) -> CampaignError:
    """Return the error with the place that names the file, if it has no place in the file."""
    first = error.findings[0]
    if first.code != "file":
        return error
    complaint = f"{readable.shown} {first.complaint}"
    return refusal(complaint, at=at, code="file", path=path)
