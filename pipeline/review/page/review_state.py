"""The desk of a review: the board as it stands, and keeping up with ledger and files."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.errors import CampaignError
from pipeline.ledger.base import Ledger
from pipeline.model.artifact import Artifact
from pipeline.model.campaign import CellName, Slug, Stage
from pipeline.model.credits import Credits
from pipeline.model.entry import Entry
from pipeline.model.job import Job, JobKey
from pipeline.model.outcome import Stored
from pipeline.model.verdict import Round, Verdict
from pipeline.review.page.broadcast import Broadcast
from pipeline.review.page.page_json import row_json
from pipeline.review.page.source import PlannedDrafts, ReviewSource
from pipeline.state.board import Board, PlannedCampaign, build_board
from pipeline.state.cell_states import cell_at_stage
from pipeline.state.labels import short
from pipeline.state.lookup import by_cell
from pipeline.state.payers import settle_payers
from pipeline.state.picks import Newest, Picks, picks_from
from pipeline.state.rounds import Rounds, read_rounds, shown_rounds


class ReviewState:
    """Holds the board of one campaign and tells the open pages what changes on it."""

    def __init__(
        self, *, ledger: Ledger, campaign: Slug, source: ReviewSource, broadcast: Broadcast
    ) -> None:
        self.ledger = ledger
        self.campaign = campaign
        self.broadcast = broadcast
        self._complaints: dict[str, str] = {}
        self.spent: Mapping[Stage, Credits] = {}
        """Credits by stage, over all rounds, doubts counted as spent."""
        self._source = source
        self._board: Board | None = None
        self._newest: dict[tuple[CellName, Stage], Verdict] = {}
        self._entries: dict[JobKey, Entry] = {}
        self._images: Mapping[str, Artifact] = {}
        self._refreshing = asyncio.Lock()
        # What the board was laid from, so that only changes cost something.
        self._read: list[Entry] = []
        self._written = -1
        self._laid: Newest = {}
        self._drafted: PlannedDrafts | None = None
        self._shown: Mapping[CellName, Round] = {}
        self._picks: Picks | None = None
        self._finals: Sequence[Job] = ()

    @property
    def board(self) -> Board:
        """The board as it stands; there is one after the first `refresh`."""
        if self._board is None:
            raise RuntimeError("the desk was not opened")
        return self._board

    @property
    def entries(self) -> Mapping[JobKey, Entry]:
        """What the ledger knows of the campaign's jobs, as of the last `refresh`."""
        return self._entries

    @property
    def newest(self) -> Newest:
        """The newest verdict of each cell and stage."""
        return self._newest

    @property
    def complaint(self) -> str:
        """What every page shows as wrong; the board is then the one before."""
        return "\n".join(self._complaints.values())

    def complain(self, about: str, words: str) -> None:
        """Say on every page what is wrong with something; no words: it is fine again."""
        before = self.complaint
        self._complaints.pop(about, None)
        if words:
            self._complaints[about] = words
        if self.complaint != before:
            self.broadcast.send("complaint", {"message": self.complaint})

    @property
    def prices(self) -> Mapping[Stage, Credits]:
        """What one image costs at each stage."""
        return self._drafted.prices if self._drafted is not None else {}

    @property
    def repeats(self) -> bool:
        """Whether a final is its draft in better quality, rather than a new picture."""
        return self._drafted is not None and self._drafted.repeats

    def image(self, name: str) -> Artifact | None:
        """An image of the campaign by its short hash, also of earlier rounds and words."""
        return self._images.get(name)

    async def refresh(self) -> None:
        """Read what changed in files and ledger, lay the board anew, and tell the pages.

        Raises `CampaignError` only where there is no board yet; later it becomes `complaint`.
        """
        async with self._refreshing:
            written = await self.ledger.written()
            if self._board is not None and written == self._written and not self._source.edited():
                return
            entries = await self.ledger.campaign_entries(self.campaign)
            self._learn(await self.ledger.verdicts(self.campaign))
            if not self._moved(entries):
                self._written = written
                return
            newest = dict(self._newest)
            try:
                planned = await self._plan(entries, newest)
            except CampaignError as error:
                if self._board is None:
                    raise
                self.complain("campaign", str(error))
                return
            self.complain("campaign", "")
            self._count(entries)
            self._entries = {entry.key: entry for entry in entries}
            self._images = _images(entries)
            version = self._board.version if self._board is not None else 1
            fresh = await asyncio.to_thread(
                build_board, planned, self._entries, newest, version=version
            )
            self._laid = newest
            self._written = written
            await self._put(fresh)
            # Somebody may have decided while the board was being laid.
            self.apply([v for place, v in self._newest.items() if newest.get(place) is not v])

    def apply(self, verdicts: Sequence[Verdict]) -> None:
        """Put verdicts that the ledger has taken on the board, and tell the pages."""
        board = self.board
        rows = list(board.rows)
        changed: list[object] = []
        for verdict in verdicts:
            self._newest[verdict.cell, verdict.stage] = verdict
            number = board.number.get(verdict.cell)
            side = rows[number].side(verdict.stage) if number is not None else None
            if number is None or side is None:
                continue
            fresh = cell_at_stage(side.jobs, self._entries, verdict)
            rows[number] = rows[number].with_side(verdict.stage, fresh)
            changed.append(row_json(number, rows[number], verdict.stage))
        if changed:
            self._board = replace(board, rows=tuple(rows))
            self.broadcast.send("rows", changed)

    def _learn(self, verdicts: Newest) -> None:
        for place, verdict in verdicts.items():
            known = self._newest.get(place)
            if known is None or known.revision < verdict.revision:
                self._newest[place] = verdict

    def _moved(self, entries: Sequence[Entry]) -> bool:
        """Whether anything differs from what the board was laid from."""
        if self._board is None or self._source.edited():
            return True
        return self._newest != self._laid or list(entries) != self._read

    async def _plan(self, entries: Sequence[Entry], newest: Newest) -> PlannedCampaign:
        """Plan again what has to be: prompts are written only where words or rounds changed."""
        shown = await self._shown_rounds(Stage.DRAFT, entries, newest)
        if self._drafted is None or shown != self._shown or self._source.edited():
            self._drafted = await self._source.drafts(shown)
            self._picks = None
        self._shown = shown
        drafted = self._drafted
        known = {entry.key: entry for entry in entries}
        drafts = settle_payers(drafted.jobs, known, selected=None)
        picks = picks_from(
            newest,
            drafts,
            known,
            rounds=shown,
            finals=await self._shown_rounds(Stage.FINAL, entries, newest),
        )
        if picks != self._picks:
            self._finals = await self._source.finals(picks)
        self._picks = picks
        self._read = list(entries)
        return PlannedCampaign(
            campaign=drafted.campaign,
            cells=drafted.cells,
            drafts=by_cell(drafts),
            finals=by_cell(settle_payers(self._finals, known, selected=None)),
        )

    async def _shown_rounds(self, stage: Stage, entries: Sequence[Entry], newest: Newest) -> Rounds:
        rounds = await read_rounds(self.ledger, self.campaign, stage=stage)
        return shown_rounds(rounds, newest, entries, stage=stage)

    async def _put(self, fresh: Board) -> None:
        before = self._board
        if before is None:
            self._board = fresh
            return
        if list(before.number) != list(fresh.number):
            self._board = replace(fresh, version=before.version + 1)
            self.broadcast.send("reload", {})
            return
        self._board = fresh
        changed = await asyncio.to_thread(_differences, before, fresh)
        if changed:
            self.broadcast.send("rows", changed)

    def _count(self, entries: Sequence[Entry]) -> None:
        spent = {stage: Credits(0) for stage in Stage}
        for entry in entries:
            spent[entry.at.stage] = Credits(spent[entry.at.stage] + entry.spent.upper)
        if spent != self.spent:
            self.spent = spent
            self.broadcast.send("spent", spent)


def _images(entries: Sequence[Entry]) -> dict[str, Artifact]:
    stored = (entry.outcome for entry in entries if isinstance(entry.outcome, Stored))
    return {short(outcome.artifact.sha256): outcome.artifact for outcome in stored}


def _differences(before: Board, after: Board) -> list[object]:
    return [
        row_json(number, row, stage)
        for number, (old, row) in enumerate(zip(before.rows, after.rows, strict=True))
        for stage in Stage
        if old.side(stage) != row.side(stage)
    ]
