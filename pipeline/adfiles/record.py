"""The record of a campaign's ad files: those on disk, and the recipe of each."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, replace
from dataclasses import fields as dataclass_fields
from pathlib import Path
from typing import Any

from pipeline.adfiles.choice import choice_fields, read_choice
from pipeline.errors import LocalFault
from pipeline.files.confined import ConfinedPath, append, make_folders, open_to_lock
from pipeline.files.locks import try_lock
from pipeline.files.unreadable import read_open_file
from pipeline.images.base import ImageStore
from pipeline.images.kept_records import fetch_record, keep_records
from pipeline.model.adfiles.ad_file import (
    AdFile,
    AdFileApproval,
    Flag,
    Framing,
    RecipeId,
    WindowChoice,
)
from pipeline.model.adfiles.overlay import OverlayBox, OverlayKind
from pipeline.model.adfiles.placement import ImageFormat
from pipeline.model.check import check_result
from pipeline.system_errors import not_written

NAME = "adfiles.jsonl"
PATIENCE = 5.0
"""Seconds that a decision waits for one of another process."""
_PAUSE = 0.01

Place = tuple[str, str]
"""A cell and a placement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AdFileRow:
    """One ad file as it was made."""

    cell: str
    placement: str
    made: AdFile


class AdFileRecord:
    """Every ad file that was made for a campaign, by path; one line each in `adfiles.jsonl`.

    A line is appended after its file is durable; after a crash in between, the file is made again.
    If a file is moved out of the delivered folder, a line without a recipe is appended. Approvals
    of flagged ad files and windows that people chose are lines of their own; the last one holds.
    """

    def __init__(self, output: Path, campaign: str) -> None:
        self._output, self._place = output, ConfinedPath(folders=(campaign,), name=NAME)
        self._rows: dict[str, AdFileRow] = {}
        self._approvals: dict[str, AdFileApproval] = {}
        self._windows: dict[Place, WindowChoice] = {}
        self._torn = False
        self._read = 0
        """Number of bytes that were read."""
        fetch_record(output, self._place)
        self.refresh()

    def refresh(self) -> bool:
        """Read the lines that other processes have appended; return True if there are any.

        `LocalFault` if the file cannot be read.
        """
        try:
            with (self._output / str(self._place)).open("rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._read:
                    self._forget()  # somebody put an older file in its place
                stream.seek(self._read)
                fresh = read_open_file(stream)
        except FileNotFoundError:
            known = self._read > 0
            self._forget()
            return known
        except OSError as error:
            raise LocalFault(f"cannot read {self._place}: {error.strerror}") from error
        whole, newline, torn = fresh.rpartition(b"\n")
        self._torn = bool(torn)
        self._read += len(whole) + len(newline)
        for line in whole.split(b"\n"):
            try:
                self._learn(json.loads(line.decode("utf-8", "replace")))
            except (ValueError, KeyError, TypeError):
                continue  # torn by a crash: the file is made again
        return bool(whole)

    def _forget(self) -> None:
        self._rows, self._approvals, self._windows = {}, {}, {}
        self._read = 0

    def _learn(self, fields: Mapping[str, object]) -> None:
        if "approved" in fields:
            by = str(fields["by"])
            given = AdFileApproval(
                by=str(fields.get("withdrawn") or by),
                at=str(fields["at"]),
                approved=bool(by),
                cell=str(fields.get("cell", "")),
            )
            recipe = str(fields["approved"])
            self._approvals[recipe] = replace(given, revision=self.approval_revision(recipe) + 1)
            return
        if "chosen" in fields:
            place = (str(fields["cell"]), str(fields["placement"]))
            choice = read_choice(fields)
            self._windows[place] = replace(choice, revision=self.window_revision(place) + 1)
            return
        path = str(fields["path"])
        if fields.get("gone"):
            self._rows.pop(path, None)
        else:
            self._rows[path] = _row(fields)

    @property
    def approved(self) -> frozenset[str]:
        """Recipes of the flagged ad files that a person approved."""
        return frozenset(recipe for recipe, one in self._approvals.items() if one.approved)

    @property
    def approvals(self) -> Mapping[str, AdFileApproval]:
        """The newest decision on each recipe."""
        return self._approvals

    @property
    def windows(self) -> Mapping[Place, WindowChoice]:
        """The newest window that a person chose, by cell and placement; also withdrawn ones."""
        return self._windows

    def approval_revision(self, recipe: str) -> int:
        """Return the number of decisions on a recipe."""
        return self._approvals[recipe].revision if recipe in self._approvals else 0

    def window_revision(self, place: Place) -> int:
        """Return the number of windows that were chosen for a cell and placement."""
        return self._windows[place].revision if place in self._windows else 0

    def approve(self, recipe: RecipeId, given: AdFileApproval, *, base: int | None = None) -> bool:
        """Record an approval of a flagged ad file, or its withdrawal; durable on return.

        It is bound to the recipe; another picture or window needs its own. Returns False, and
        records nothing, if there is a decision after revision `base`; `None`: do so anyway.
        """
        fields = {
            "approved": recipe,
            "cell": given.cell,
            "by": given.by if given.approved else "",
            "at": given.at,
        }
        if not given.approved:
            fields["withdrawn"] = given.by
        with self._deciding():
            if base is not None and self.approval_revision(recipe) != base:
                return False
            self._append(fields, durable=True)
        return True

    def choose(self, place: Place, choice: WindowChoice, *, base: int | None = None) -> bool:
        """Record the window that a person chose; durable on return.

        Returns False, and records nothing, if there is a choice after revision `base`.
        """
        cell, placement = place
        fields = {"cell": cell, "placement": placement, **choice_fields(choice)}
        with self._deciding():
            if base is not None and self.window_revision(place) != base:
                return False
            self._append(fields, durable=True)
        return True

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """Keep other processes from deciding at the same time; decisions are read before and after.

        `LocalFault` if the file cannot be read or written, or another process does not end.
        """
        try:
            handle = open_to_lock(self._output, self._place)
        except OSError as error:
            raise not_written(self._place, error) from error
        try:
            until = time.monotonic() + PATIENCE
            while (held := try_lock(handle)) is None:
                if time.monotonic() > until:
                    raise LocalFault(f"{self._place} is locked by another process; try again")
                time.sleep(_PAUSE)
            handle = held
            self.refresh()
            yield
            self.refresh()
        finally:
            os.close(handle)

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

    def _append(self, fields: Mapping[str, object], *, durable: bool = False) -> None:
        line = json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"
        if self._torn:  # a crash left half a line; begin a new one
            line, self._torn = "\n" + line, False
        try:
            make_folders(self._output, self._place.folders)
            content = line.encode("utf-8", "surrogatepass")
            append(self._output, self._place, content, durable=durable)
        except OSError as error:
            raise not_written(self._place, error) from error
        if durable:
            keep_records(self._output, [str(self._place)])


def _row(fields: Mapping[str, object]) -> AdFileRow:
    known = {
        field.name: fields[field.name]
        for field in dataclass_fields(AdFile)
        if field.name in fields or field.default is MISSING
    }
    window, flags = _list(known["window"]), _list(known["flags"])
    known |= {
        "recipe": RecipeId(str(known["recipe"])),
        "format": ImageFormat(str(known["format"])),
        "framing": Framing(str(known["framing"])),
        "window": tuple(window),
        "flags": tuple(Flag(one) for one in flags),
        "overlay": tuple(_box(one) for one in _list(fields.get("overlay", []))),
        "checks": tuple(check_result(one) for one in _list(fields.get("checks", []))),
    }
    made = AdFile(**known)  # type: ignore[arg-type]  # each field was written from its own type
    return AdFileRow(cell=str(fields["cell"]), placement=str(fields["placement"]), made=made)


def _box(fields: Mapping[str, object]) -> OverlayBox:
    sides = fields["box"]
    if not isinstance(sides, list):
        raise TypeError("a box is a list")
    known = {**fields, "kind": OverlayKind(str(fields["kind"])), "box": tuple(sides)}
    return OverlayBox(**known)  # type: ignore[arg-type]  # each field was written from its own type


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return value
