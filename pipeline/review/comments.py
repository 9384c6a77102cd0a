"""Comments on images: what reviewers say to each other without a verdict."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

from pipeline.errors import LocalFault, UsageError
from pipeline.files.confined import ConfinedPath, append, make_folders
from pipeline.files.unreadable import read_file
from pipeline.model.names import CellName, Slug, Stage
from pipeline.review.verdicts import clean_name, clean_note
from pipeline.system_errors import not_written

NAME = "comments.jsonl"
_IMAGE = re.compile(r"[0-9a-f]{16}", re.ASCII)

Point = tuple[float, float]
"""A place on an image, in shares of its width and height."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """What somebody said about a cell, or about a place on one of its images."""

    id: str
    cell: CellName
    stage: Stage
    text: str
    by: str
    at: str
    """UTC, ISO 8601."""
    image: str = ""
    """The short hash of the image that was looked at; empty if there was none."""
    take: int = 1
    round: int = 1
    point: Point | None = None
    resolved: str = ""
    """Who called it settled; empty while it is open."""


def new_comment(
    *,
    cell: CellName,
    stage: Stage,
    text: str,
    by: str,
    at: str,
    image: str = "",
    take: int = 1,
    round_: int = 1,
    point: Point | None = None,
) -> Comment:
    """Return a comment to add; raise `UsageError` if it says nothing or points nowhere."""
    said = clean_note(text)
    if not said:
        raise UsageError("a comment needs words")
    if image and not _IMAGE.fullmatch(image):
        raise UsageError("a comment names the image that it is about")
    if point is not None and not (image and all(0 <= share <= 1 for share in point)):
        raise UsageError("a pin lies on an image: its place is two numbers from 0 to 1")
    return Comment(
        id=uuid4().hex[:12],
        cell=cell,
        stage=stage,
        text=said,
        by=clean_name(by),
        at=at,
        image=image,
        take=take,
        round=round_,
        point=point,
    )


class CommentRecord:
    """The comments on a campaign; one line each in `<campaign>/comments.jsonl`.

    A comment that is settled or opened again is another line; the last one holds. A line that a
    crash cut off is skipped.
    """

    def __init__(self, output: Path, campaign: Slug) -> None:
        self._output, self._place = output, ConfinedPath(folders=(campaign,), name=NAME)
        self._size = 0
        self._by_cell: dict[tuple[CellName, Stage], dict[str, Comment]] = {}

    def refresh(self) -> bool:
        """Read the file again if it has changed; return True if so; `LocalFault` on errors."""
        file = self._output / str(self._place)
        try:
            size = file.stat().st_size
            if size == self._size:
                return False
            lines = read_file(file).decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            size, lines = 0, []
            if not self._size:
                return False
        except OSError as error:
            raise LocalFault(f"cannot read {self._place}: {error.strerror}") from error
        self._size, self._by_cell = size, {}
        for line in lines:
            comment = _read(line)
            if comment is not None:
                self._by_cell.setdefault((comment.cell, comment.stage), {})[comment.id] = comment
        return True

    def of(self, cell: CellName, stage: Stage) -> Sequence[Comment]:
        """Return the comments on a cell at a stage, oldest first."""
        return [*self._by_cell.get((cell, stage), {}).values()]

    def open(self) -> Mapping[tuple[CellName, Stage], int]:
        """Return the number of comments that are not settled, by cell and stage."""
        counts = {
            place: sum(not one.resolved for one in some.values())
            for place, some in self._by_cell.items()
        }
        return {place: count for place, count in counts.items() if count}

    def write(self, comment: Comment) -> None:
        """Add a comment, or change one; durable on return; `LocalFault` if the disk fails."""
        line = json.dumps(asdict(comment), ensure_ascii=False, separators=(",", ":"))
        try:
            make_folders(self._output, self._place.folders)
            # A line of its own, whatever a crash left at the end of the file.
            append(self._output, self._place, f"\n{line}\n".encode(), durable=True)
        except OSError as error:
            raise not_written(self._place, error) from error
        self.refresh()

    def settle(self, cell: CellName, stage: Stage, id_: str, *, resolved: bool, by: str) -> bool:
        """Call a comment settled, or open it again; return False if there is no such comment."""
        known = self._by_cell.get((cell, stage), {}).get(id_)
        if known is None:
            return False
        self.write(replace(known, resolved=clean_name(by) if resolved else ""))
        return True


def _read(line: str) -> Comment | None:
    try:
        fields = json.loads(line)
        point = fields["point"]
        return Comment(
            id=str(fields["id"]),
            cell=CellName(str(fields["cell"])),
            stage=Stage(fields["stage"]),
            text=str(fields["text"]),
            by=str(fields["by"]),
            at=str(fields["at"]),
            image=str(fields["image"]),
            take=int(fields["take"]),
            round=int(fields["round"]),
            point=None if point is None else (float(point[0]), float(point[1])),
            resolved=str(fields["resolved"]),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None
