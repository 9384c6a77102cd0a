"""Where an image lies below the campaign's folder; never anywhere else, never on another's."""

import itertools
import re
from array import array

from pipeline.campaign.matrix.axis import folded, id_complaint
from pipeline.model.campaign import CellName, Stage

ENDING = ".png"
_FOLDERS = {Stage.DRAFT: "drafts", Stage.FINAL: "finals"}
_LONGEST = 600


def usual_path(stage: Stage, cell: CellName, *, round_: int, take: int) -> str:
    """`drafts/citrus/4x3-t1.png`: the cell's name, so no two cells can meet."""
    return finished(stage, f"{cell}-t{take}", round_=round_)


def finished(stage: Stage, written: str, *, round_: int) -> str:
    """A written path with its folder, round and ending."""
    again = f"-r{round_}" if round_ > 1 else ""
    return f"{_FOLDERS[stage]}/{written.removesuffix(ENDING)}{again}{ENDING}"


def path_complaint(written: str) -> str:
    """Why a written path cannot be used; empty where it can."""
    if len(written.encode(errors="replace")) > _LONGEST:
        return f"the path is longer than {_LONGEST} bytes"
    if written.startswith(("/", "~")) or re.match(r"[A-Za-z]:", written):
        return f"the path {written} must be relative"
    for part in written.split("/"):
        complaint = id_complaint(part)
        if complaint:
            told = complaint.replace("an id", "a part of the path").split(", since")[0]
            return f"the path {written} cannot be used: {told}"
    return ""


class Collisions:
    """Finds paths that two images would share, in eight bytes each."""

    def __init__(self) -> None:
        self._seen = array("q")

    def add(self, path: str) -> None:
        """Note the path of the next image."""
        self._seen.append(hash(folded(path)))

    def doubled(self) -> set[int]:
        """Hashes of paths that stand more than once."""
        return doubled(self._seen)


def doubled(hashes: "array[int]") -> set[int]:
    """Those that stand more than once."""
    ordered = sorted(hashes)
    return {one for one, following in itertools.pairwise(ordered) if one == following}
