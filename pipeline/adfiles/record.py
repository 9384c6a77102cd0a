"""The record of a campaign's ad files: those on disk, and the recipe of each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, append, make_folders
from pipeline.images.base import ImageStore
from pipeline.model.ad_file import AdFile, Flag, Framing, RecipeId
from pipeline.model.placement import ImageFormat

NAME = "adfiles.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileRow:
    """One ad file as it was made."""

    cell: str
    placement: str
    made: AdFile


class AdFileRecord:
    """Every ad file that was made for a campaign, by path; one line each in `adfiles.jsonl`.

    A line is appended after its file is durable; after a crash in between, the file is made again.
    If a file is moved out of the delivered folder, a line without a recipe is appended.
    """

    def __init__(self, output: Path, campaign: str) -> None:
        self._output, self._place = output, ConfinedPath(folders=(campaign,), name=NAME)
        self._rows: dict[str, AdFileRow] = {}
        self._approved: dict[str, str] = {}
        self._torn = False
        self._load()

    def _load(self) -> None:
        try:
            text = (self._output / str(self._place)).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        except OSError as error:
            raise LocalFault(f"cannot read {self._place}: {error.strerror}") from error
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.splitlines():
            try:
                fields = json.loads(line)
                if "approved" in fields:
                    self._decide(str(fields["approved"]), str(fields["by"]))
                    continue
                path = str(fields["path"])
                if fields.get("gone"):
                    self._rows.pop(path, None)
                else:
                    self._rows[path] = _row(fields)
            except (ValueError, KeyError, TypeError):
                continue  # torn by a crash: the file is made again

    def _decide(self, recipe: str, by: str) -> None:
        if by:
            self._approved[recipe] = by
        else:
            self._approved.pop(recipe, None)

    @property
    def approved(self) -> frozenset[str]:
        """Recipes of the flagged ad files that a person approved."""
        return frozenset(self._approved)

    def approve(self, recipe: RecipeId, *, by: str, at: str) -> None:
        """Record who approved a flagged ad file; an empty `by` withdraws the approval.

        The approval is bound to the recipe; another picture or window needs its own.
        """
        self._decide(recipe, by)
        self._append({"approved": recipe, "by": by, "at": at})

    def __iter__(self) -> Iterator[AdFileRow]:
        yield from self._rows.values()

    def find(self, path: str) -> AdFileRow | None:
        """Return the row of a file; `None` if it was not made, or has been moved."""
        return self._rows.get(path)

    def whole(self, images: ImageStore) -> Mapping[str, AdFileRow]:
        """Return the rows, by path, whose file exists with the bytes that were written."""
        sizes = images.stat_many(self._rows)
        return {p: row for p, row in self._rows.items() if sizes.get(p) == row.made.bytes}

    def add(self, row: AdFileRow) -> None:
        """Append an ad file; `LocalFault` if the disk fails."""
        self._rows[row.made.path] = row
        self._append({"cell": row.cell, "placement": row.placement, **asdict(row.made)})

    def remove(self, path: str) -> None:
        """Note that a file is no longer where it was made; `LocalFault` if the disk fails."""
        if self._rows.pop(path, None) is not None:
            self._append({"path": path, "gone": True})

    def _append(self, fields: Mapping[str, object]) -> None:
        line = json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"
        if self._torn:  # a crash left half a line; begin a new one
            line, self._torn = "\n" + line, False
        try:
            make_folders(self._output, self._place.folders)
            append(self._output, self._place, line.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise LocalFault(f"cannot write {self._place}: {error.strerror}") from error


def _row(fields: Mapping[str, object]) -> AdFileRow:
    known = {name: fields[name] for name in AdFile.__dataclass_fields__}
    window = known["window"]
    flags = known["flags"]
    if not isinstance(window, list) or not isinstance(flags, list):
        raise TypeError("a window and flags are lists")
    known |= {
        "recipe": RecipeId(str(known["recipe"])),
        "format": ImageFormat(str(known["format"])),
        "framing": Framing(str(known["framing"])),
        "window": tuple(window),
        "flags": tuple(Flag(one) for one in flags),
    }
    made = AdFile(**known)  # type: ignore[arg-type]  # each field was written from its own type
    return AdFileRow(cell=str(fields["cell"]), placement=str(fields["placement"]), made=made)
