"""Paths of images: always below the campaign's folder, and never the same for two images."""

import itertools
import re
from array import array

from pipeline.campaign.matrix.axis import folded, id_complaint
from pipeline.model.names import CellName, Stage

ENDING = ".png"
_FOLDERS = {Stage.DRAFT: "drafts", Stage.FINAL: "finals"}
_LONGEST = 600
PARTS = 16


def usual_path(stage: Stage, cell: CellName, *, round_: int, take: int) -> str:
    """Return the default path, `drafts/citrus/4x3-t1.png`; cell names make it unique."""
    return finished(stage, f"{cell}-t{take}", round_=round_)


def finished(stage: Stage, written: str, *, round_: int) -> str:
    """Return a path from a template with its folder, round and extension."""
    again = f"-r{round_}" if round_ > 1 else ""
    return f"{_FOLDERS[stage]}/{written.removesuffix(ENDING)}{again}{ENDING}"


def path_complaint(written: str) -> str:
    """Return the reason why a path from a template cannot be used; empty if it can."""
    if len(written.encode(errors="replace")) > _LONGEST:
        return f"the path is longer than {_LONGEST} bytes"
    if written.startswith(("/", "~")) or re.match(r"[A-Za-z]:", written):
        return f"the path {written} must be relative"
    for part in written.split("/"):
        complaint = id_complaint(part)
        if complaint:
            reason = complaint.replace("an id", "a part of the path").split(", since")[0]
            return f"the path {written} cannot be used: {reason}"
    return ""


class Collisions:
    """Finds paths that several images share, with eight bytes of memory per path."""

    def __init__(self) -> None:
        self._seen = array("q")

    def add(self, path: str) -> None:
        """Add the path of the next image."""
        self._seen.append(hash(folded(path)))

    def doubled(self) -> set[int]:
        """Return the hashes of paths that were added more than once."""
        return doubled(self._seen)


def doubled(hashes: "array[int]") -> set[int]:
    """Return the hashes that occur more than once.

    They are sorted in parts: as a list, numbers take five times the memory of the array.
    """
    parts = [array("q") for _ in range(PARTS)]
    for one in hashes:
        parts[one % PARTS].append(one)
    pairs = itertools.chain.from_iterable(itertools.pairwise(sorted(part)) for part in parts)
    return {one for one, following in pairs if one == following}
