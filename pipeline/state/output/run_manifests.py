"""Reading a run manifest one image at a time: all of them together may take gigabytes."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

MOST_LISTED = 20_000
"""Most images that a run manifest lists itself; more are in a file beside it."""
BESIDE = "images.jsonl"
"""The file of those images: one JSON object on each line."""
NAMED_BY = "images_in"
"""The field of a run manifest that names that file."""

Row = Mapping[str, Any]
_IMAGES = b' "images": ['
_IMAGE = b"  {"


def manifest_parts(file: Path) -> tuple[Any, Iterable[Any]]:
    """Return a parsed run manifest without its images, and its images.

    This program writes each image on a line of its own. A manifest that another program has
    written anew is read as well, but as a whole. Raises `OSError`, and `ValueError` for what is no
    JSON, also while the images are read.
    """
    around, inside = [], False
    with file.open("rb") as lines:
        for line in lines:
            inside = line.rstrip(b"\r\n") == _IMAGES or (inside and line.startswith(_IMAGE))
            if not (inside and line.startswith(_IMAGE)):
                around.append(line)
    rest = json.loads(b"".join(around))
    if not isinstance(rest, dict):
        return rest, ()
    listed = rest.pop("images", None)
    if rest.get(NAMED_BY) == BESIDE:
        return rest, _rows_beside(file.with_name(BESIDE))
    return rest, listed or _rows(file)


def _rows(file: Path) -> Iterator[Any]:
    inside = False
    with file.open("rb") as lines:
        for line in lines:
            inside = line.rstrip(b"\r\n") == _IMAGES or (inside and line.startswith(_IMAGE))
            if inside and line.startswith(_IMAGE):
                yield json.loads(line.rstrip().rstrip(b","))


def _rows_beside(file: Path) -> Iterator[Any]:
    with file.open("rb") as lines:
        for line in lines:
            yield json.loads(line)
