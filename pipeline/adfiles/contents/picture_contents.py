"""What pictures show, found once per picture, and the record of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, append, make_folders
from pipeline.images.boxes import PictureBoxes
from pipeline.images.kept_records import fetch_record
from pipeline.inspection.quoted_text import says_quoted_word
from pipeline.inspection.readers import TextLine
from pipeline.lettering.box import Box
from pipeline.model.names import Slug
from pipeline.system_errors import not_written

NAME = "contents.jsonl"
METHOD = 1
"""Version of the method; if it changes, every picture is looked at again."""
ON_SUBJECT = 0.6
"""Share of a line of text that lies on the product, as a label does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureContents:
    """What one picture shows. Boxes are in its pixels, upright."""

    sha256: str
    copy: tuple[Box, ...] | None
    """Blocks or lines of text; `None` if it was not searched for them."""
    subject: Box | None
    """The product, or the main subject; `None` if none stands out, or if it was not searched."""
    lines: tuple[TextLine, ...] | None = None
    """Every line of text; `None` if the picture was not read."""
    colors: tuple[str, ...] | None = None
    """Its main colours, the most frequent first; `None` if they were not measured."""
    hash: str = ""
    """Difference hash, 16 hex characters; empty if it was not computed."""

    @property
    def boxes(self) -> PictureBoxes | None:
        """What must not be cut; `None` if it was not looked for."""
        if self.copy is None:
            return None
        return PictureBoxes(copy=self.copy, product=self.subject)

    def copy_lines(self, prompt: str) -> tuple[Box, ...] | None:
        """Return the lines of copy, without the lettering on products; `None` if it was not read.

        Text on the product is copy only if the prompt quotes it.
        """
        if self.lines is None:
            return None
        return tuple(
            line.box
            for line in self.lines
            if not self._is_on_subject(line.box) or says_quoted_word(line.text, prompt)
        )

    def _is_on_subject(self, box: Box) -> bool:
        subject = self.subject
        return subject is not None and box.within(subject).area >= ON_SUBJECT * box.area

    @property
    def is_examined(self) -> bool:
        """True if everything was looked for, not only boxes."""
        return self.lines is not None and self.colors is not None


class ContentsRecord:
    """What was found in the pictures of a campaign, one line each in `contents.jsonl`.

    It is addressed by content: a picture is looked at once, whatever it is called. It also has the
    likeness of pairs of pictures. A line that a crash has torn is found again.
    """

    def __init__(self, output: Path, campaign: Slug) -> None:
        self.output, self._place = output, ConfinedPath(folders=(campaign,), name=NAME)
        self._known: dict[str, PictureContents] = {}
        self._alike: dict[tuple[str, str], float] = {}
        self._torn = False
        fetch_record(output, self._place)
        self._load()

    def _load(self) -> None:
        try:
            text = (self.output / str(self._place)).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise LocalFault(f"cannot read {self._place}: {error.strerror}") from error
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            try:
                fields = json.loads(line)
                if fields["method"] != METHOD:
                    continue
                if "beside" in fields:
                    pair = str(fields["sha256"]), str(fields["beside"])
                    self._alike[pair] = float(fields["alike"])
                else:
                    found = _contents(fields)
                    self._known[found.sha256] = found
            except (ValueError, KeyError, TypeError):
                continue

    @property
    def known(self) -> Mapping[str, PictureContents]:
        """What is known, by the SHA-256 of the picture."""
        return self._known

    def alike(self, sha256: str, beside: str) -> float | None:
        """Return how alike two pictures are, 0 to 1; `None` if they were not compared."""
        return self._alike.get((sha256, beside))

    def add(self, found: PictureContents) -> None:
        """Append what a picture shows; `LocalFault` if the disk fails."""
        if self._known.get(found.sha256) != found:
            self._known[found.sha256] = found
            self._append(_fields(found))

    def add_pair(self, sha256: str, beside: str, *, alike: float) -> None:
        """Append how alike two pictures are; `LocalFault` if the disk fails."""
        self._alike[sha256, beside] = alike
        self._append({"sha256": sha256, "beside": beside, "alike": round(alike, 4)})

    def _append(self, fields: Mapping[str, object]) -> None:
        row = {"method": METHOD, **fields}
        line = json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
        if self._torn:  # a crash left half a line; begin a new one
            line, self._torn = "\n" + line, False
        try:
            make_folders(self.output, self._place.folders)
            append(self.output, self._place, line.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise not_written(self._place, error) from error


def _fields(found: PictureContents) -> Mapping[str, object]:
    lines = None
    if found.lines is not None:
        lines = [[line.text, line.sure, _sides(line.box)] for line in found.lines]
    return {
        "sha256": found.sha256,
        "copy": None if found.copy is None else [_sides(box) for box in found.copy],
        "subject": None if found.subject is None else _sides(found.subject),
        "lines": lines,
        "colors": found.colors,
        "hash": found.hash,
    }


def _sides(box: Box) -> list[float]:
    return [round(side, 1) for side in box]


def _contents(fields: Mapping[str, object]) -> PictureContents:
    copy, subject, lines = fields["copy"], fields["subject"], fields["lines"]
    colors = fields["colors"]
    if not isinstance(copy, list | None) or not isinstance(lines, list | None):
        raise TypeError("boxes and lines are lists")
    if not isinstance(subject, list | None) or not isinstance(colors, list | None):
        raise TypeError("a subject and colours are lists")
    return PictureContents(
        sha256=str(fields["sha256"]),
        copy=None if copy is None else tuple(Box(*map(float, sides)) for sides in copy),
        subject=None if subject is None else Box(*map(float, subject)),
        lines=(
            None
            if lines is None
            else tuple(
                TextLine(text=str(text), sure=float(sure), box=Box(*map(float, sides)))
                for text, sure, sides in lines
            )
        ),
        colors=None if colors is None else tuple(map(str, colors)),
        hash=str(fields["hash"]),
    )
