"""Everything that is under review at one moment: the campaign's cells with both their stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipeline.model.campaign import Campaign, Cell, CellName, Stage
from pipeline.model.job import Job
from pipeline.state.cell_states import CellAtStage, cell_at_stage
from pipeline.state.lookup import Entries
from pipeline.state.picks import Newest


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedCampaign:
    """What planning says is under review."""

    campaign: Campaign
    cells: Sequence[Cell]
    drafts: Mapping[CellName, Sequence[Job]]
    """In the rounds that are shown; empty where the campaign has no drafts."""
    finals: Mapping[CellName, Sequence[Job]]
    """Of the cells that have a valid approval, or of all cells where nobody is asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardRow:
    """One cell."""

    cell: Cell
    draft: CellAtStage | None
    final: CellAtStage | None

    def side(self, stage: Stage) -> CellAtStage | None:
        """The cell at a stage; `None` where it has no images there."""
        return self.draft if stage is Stage.DRAFT else self.final

    def with_side(self, stage: Stage, side: CellAtStage) -> "BoardRow":
        """The row after something happened at one stage."""
        if stage is Stage.DRAFT:
            return replace(self, draft=side)
        return replace(self, final=side)


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """The rows in the order of the matrix, and where each cell stands."""

    version: int
    """Counts the layouts: cells have the same numbers as long as it stays the same."""
    campaign: Campaign
    rows: tuple[BoardRow, ...]
    number: Mapping[CellName, int] = field(compare=False)

    def side(self, cell: CellName, stage: Stage) -> CellAtStage | None:
        """One cell at a stage; `None` where there is no such cell, or nothing at that stage."""
        number = self.number.get(cell)
        return self.rows[number].side(stage) if number is not None else None

    def sides(self, stage: Stage) -> list[CellAtStage]:
        """Every cell that has images at a stage, or should have."""
        sides = (row.side(stage) for row in self.rows)
        return [side for side in sides if side is not None]


def build_board(
    planned: PlannedCampaign, entries: Entries, newest: Newest, *, version: int
) -> Board:
    """Lay the board anew."""
    rows = tuple(_row(cell, planned, entries, newest) for cell in planned.cells)
    return Board(
        version=version,
        campaign=planned.campaign,
        rows=rows,
        number={row.cell.name: at for at, row in enumerate(rows)},
    )


def _row(cell: Cell, planned: PlannedCampaign, entries: Entries, newest: Newest) -> BoardRow:
    drafts = planned.drafts.get(cell.name, ())
    finals = planned.finals.get(cell.name, ())
    return BoardRow(
        cell=cell,
        draft=cell_at_stage(drafts, entries, newest.get((cell.name, Stage.DRAFT)))
        if drafts
        else None,
        final=cell_at_stage(finals, entries, newest.get((cell.name, Stage.FINAL)))
        if finals
        else None,
    )
