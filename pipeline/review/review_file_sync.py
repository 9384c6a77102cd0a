"""Synchronization of the ledger and the review file; the ledger is authoritative.

Changes that people make in the file, by hand or by merging, are imported cell by cell. Everything
else in the file is written from the ledger.
"""

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from pipeline.adfiles.record import AdFileRecord
from pipeline.errors import CampaignError, LocalFault, UsageError
from pipeline.files.confined import sync_folder
from pipeline.files.unreadable import read_file
from pipeline.ledger.base import Ledger, StaleVerdict
from pipeline.model.adfiles.ad_file import AdFileApproval, RecipeId, WindowChoice
from pipeline.model.names import CellName, Slug, Stage
from pipeline.model.verdict import Decision, Verdict
from pipeline.review.ad_file_lines import (
    ADFILE,
    WINDOW,
    AdFileLines,
    WrittenApproval,
    approval_of,
    window_of_line,
)
from pipeline.review.review_file import (
    FileVerdict,
    Place,
    mistake,
    read_reviews,
    render_reviews,
    verdict_of,
)
from pipeline.review.shared_images import settle_shared
from pipeline.state.campaign_state import CellTable
from pipeline.state.lookup import Entries, Newest
from pipeline.state.output.ad_files import AdFileResults
from pipeline.system_errors import not_written


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewFile:
    """The review file, and a copy of it as it was last written."""

    path: Path
    """`reviews/<campaign>.yaml` beside the campaign file."""
    copy: Path
    """Below the output folder; where `path` differs from it, a person has edited `path`."""


class ReviewedVerdicts(Protocol):
    """The verdicts on a campaign, and the images that they are about."""

    @property
    def ledger(self) -> Ledger:
        """Where verdicts are recorded."""
        ...

    @property
    def campaign(self) -> Slug:
        """The campaign under review."""
        ...

    @property
    def table(self) -> CellTable:
        """All cells, in the rounds that a person sees."""
        ...

    @property
    def entries(self) -> Entries:
        """The ledger's entries of the campaign's jobs."""
        ...

    @property
    def newest(self) -> Newest:
        """The newest verdict of each cell and stage."""
        ...

    @property
    def ad_files(self) -> AdFileRecord:
        """The campaign's ad files, with their approvals and chosen windows."""
        ...

    @property
    def ad_file_results(self) -> AdFileResults:
        """The results of the campaign's checks, by the path of each final's ad file."""
        ...

    def apply(self, verdicts: Sequence[Verdict]) -> None:
        """Add verdicts that the ledger has recorded."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictSnapshot:
    """`ReviewedVerdicts` for a command, from one survey."""

    ledger: Ledger
    campaign: Slug
    table: CellTable
    entries: Entries
    newest: dict[tuple[CellName, Stage], Verdict]
    ad_files: AdFileRecord
    ad_file_results: AdFileResults

    def apply(self, verdicts: Sequence[Verdict]) -> None:
        """See `ReviewedVerdicts`."""
        self.newest.update({(one.cell, one.stage): one for one in verdicts})


class ReviewFileSync:
    """Imports edits of the file, and writes the file from the ledger."""

    def __init__(self, *, review_state: ReviewedVerdicts, file: ReviewFile) -> None:
        self._review_state = review_state
        self._file = file
        self._seen = _file_time(file.path)
        self._given_since: frozenset[Place] = frozenset()
        """Where the ledger has another verdict than the file as it was written last."""

    def edited(self) -> bool:
        """Return True if the file was changed since this process read or wrote it."""
        return _file_time(self._file.path) != self._seen

    async def sync(self, *, now: str) -> tuple[Verdict, ...]:
        """Import edits of the file, then write the file; return the imported verdicts.

        A file with mistakes is not written; `CampaignError` names their places.
        """
        self._seen = _file_time(self._file.path)
        text = _read(self._file.path)
        before = _read(self._file.copy)
        await asyncio.to_thread(self._review_state.ad_files.refresh)
        imported: tuple[Verdict, ...] = ()
        if text is not None and text != before:
            imported = await self._import(text, before or "", now=now)
        fresh = await asyncio.to_thread(self._file_text)
        if fresh != text:
            write_text(self._file.path, fresh)
            self._seen = _file_time(self._file.path)
        if fresh != before:
            write_text(self._file.copy, fresh)
        return imported

    async def _import(self, text: str, before: str, *, now: str) -> tuple[Verdict, ...]:
        name = str(self._file.path)
        written = await asyncio.to_thread(read_reviews, text, file=name)
        known = await asyncio.to_thread(_last_written, before)
        self._given_since = await asyncio.to_thread(self._changed_since, known)
        edited = [
            place
            for place in written
            if written[place].facts != known.get(place)
            and place[0] in self._review_state.table.number
        ]
        verdicts = [
            self._bound(verdict_of(place, written[place], file=name, now=now))
            for place in edited
            if place[1] in tuple(Stage)
        ]
        ad_files = self._ad_file_edits({p: written[p] for p in edited}, file=name, now=now)
        state, given = self._review_state, dict(self._review_state.newest)
        taken = [await self._take(verdict) for verdict in verdicts]
        imported = tuple(verdict for verdict in taken if verdict is not None)
        state.apply(imported)
        followed = await settle_shared(
            state.ledger, state.table, state.entries, verdicts=imported, before=given
        )
        state.apply(followed.given)
        await asyncio.to_thread(self._take_ad_files, ad_files)
        return imported

    def _ad_file_edits(
        self, edited: Mapping[Place, FileVerdict], *, file: str, now: str
    ) -> list[tuple[Place, WrittenApproval | WindowChoice]]:
        """Return the edited lines about ad files; raise `CampaignError` if one is wrong."""
        found: list[tuple[Place, WrittenApproval | WindowChoice]] = []
        for place, written in edited.items():
            try:
                if place[1] == ADFILE:
                    found.append((place, approval_of(written.facts, now=now)))
                elif place[1] == WINDOW:
                    source = self._final_of(place[0])
                    choice = window_of_line(written.facts, source_sha256=source, now=now)
                    found.append((place, choice))
            except UsageError as error:
                raise mistake(place, written, error, file=file) from error
        return found

    def _final_of(self, cell: CellName) -> str:
        """Return the sha256 of a cell's first stored final; empty if it has none."""
        shown = self._review_state.table.at(cell, Stage.FINAL)
        takes = shown.takes if shown is not None else ()
        return next((one.artifact.sha256 for one in takes if one.artifact is not None), "")

    def _take_ad_files(self, edits: Sequence[tuple[Place, WrittenApproval | WindowChoice]]) -> None:
        """Record edited lines, unless the record has the same or a later decision."""
        record, table = self._review_state.ad_files, self._review_state.table
        for (cell, key), edit in edits:
            since = (cell, key) in self._given_since
            if isinstance(edit, WindowChoice):
                place = (cell, table.rows[table.number[cell]].cell.size.id)
                before = record.windows.get(place)
                if before is None and edit.withdrawn:
                    continue
                if before is None or not (since and before.at > edit.at):
                    record.choose(place, edit)
                continue
            for recipe in edit.recipes:
                given = record.approvals.get(recipe)
                if given is not None and since and given.at > edit.at:
                    continue
                if (given is not None and given.approved) != edit.approved:
                    approval = AdFileApproval(
                        by=edit.by, at=edit.at, approved=edit.approved, cell=cell
                    )
                    record.approve(RecipeId(recipe), approval)

    def _file_text(self) -> str:
        """Return the text of the file as the ledger and the record have it."""
        state = self._review_state
        lines = AdFileLines(state.ad_files, state.campaign, state.ad_file_results)
        return render_reviews(state.campaign, state.table.number, state.newest, lines.of)

    def _bound(self, verdict: Verdict) -> Verdict:
        """Return the verdict with its image; only an approval must name the image itself."""
        if verdict.job:
            return verdict
        shown = self._review_state.table.at(verdict.cell, verdict.stage)
        takes = shown.takes if shown is not None else ()
        take = next((one for one in takes if one.job.at.take == verdict.take), None)
        if take is None:
            return verdict
        sha256 = take.artifact.sha256 if take.artifact is not None else ""
        return replace(verdict, job=take.job.key, sha256=sha256)

    def _changed_since(self, known: Mapping[Place, object]) -> frozenset[Place]:
        """Return where the ledger has another verdict than the file had when it was written."""
        now = _last_written(self._file_text())
        return frozenset(place for place in now if now[place] != known.get(place))

    async def _take(self, verdict: Verdict) -> Verdict | None:
        """Record an edited verdict, unless the ledger has the same one or a later one."""
        place = (verdict.cell, verdict.stage)
        newest = self._review_state.newest.get(place)
        if newest is None and verdict.decision is Decision.UNDECIDED:
            return None
        if newest is not None:
            # what the file had already is older than the edit, whatever the clock said then
            later = place in self._given_since and newest.at > verdict.at
            if later or _opinion(newest) == _opinion(verdict):
                return None
        base = newest.revision if newest is not None else 0
        try:
            return await self._review_state.ledger.decide(
                verdict, campaign=self._review_state.campaign, base=base
            )
        except StaleVerdict:
            return None


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all; raise `LocalFault` if the disk fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or path.parent.is_symlink():
            raise UsageError(f"{path} leads through a symbolic link; it is not written")
        descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fchmod(stream.fileno(), 0o644)
                os.fsync(stream.fileno())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            sync_folder(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise not_written(path, error) from error


def _file_time(path: Path) -> tuple[int, int]:
    """Return size and modification time of a file, to detect changes."""
    try:
        found = path.stat()
    except OSError:
        return (-1, -1)
    return (found.st_size, found.st_mtime_ns)


def _read(path: Path) -> str | None:
    try:
        return read_file(path).decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text") from error
    except OSError as error:
        raise LocalFault(f"cannot read {path}: {error.strerror}") from error


def _last_written(text: str) -> dict[Place, object]:
    """Return the verdicts in the copy; none if it is lost or damaged."""
    try:
        return {place: one.facts for place, one in read_reviews(text, file="").items()}
    except CampaignError:
        return {}


def _opinion(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.decision, verdict.round, verdict.take, verdict.note, verdict.sha256)
