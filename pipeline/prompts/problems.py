"""What templates stumbled over, told once each: the cell, the table's row and column, the line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.joins import EMPTY_ROW
from pipeline.campaign.places import Findings
from pipeline.campaign.resolved import UnnamedCell
from pipeline.model.campaign import CellName

_MOST = 100


@dataclass(slots=True)
class _ToldProblem:
    """One complaint about one line, with its first cell."""

    where: str
    cells: int = 1


class Problems:
    """Gathers complaints of many cells into few findings."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self.loaded = loaded
        self._told: dict[tuple[str, int, str], _ToldProblem] = {}
        self._beyond = 0

    def note(self, problem: Mapping[str, Any], spot: UnnamedCell, cell: CellName) -> None:
        """Count a complaint for a cell."""
        key = (problem["template"], problem["line"], problem["complaint"])
        known = self._told.get(key)
        if known is not None:
            known.cells += 1
        elif len(self._told) >= _MOST:
            self._beyond += 1
        else:
            slot, column = problem.get("slot", ""), problem.get("column", "")
            self._told[key] = _ToldProblem(f"cell {cell}{self._origin(spot, slot, column)}")

    def settle(self) -> None:
        """Raise `CampaignError` where there was any."""
        findings = Findings()
        for (template, line, complaint), told in self._told.items():
            at, path = self.loaded.library.place(template, line)
            more = told.cells - 1
            also = f" and {more} more image{'s' if more > 1 else ''}" if more else ""
            findings.error(f"{complaint} ({told.where}{also})", at=at, path=path, code="template")
        if self._beyond:
            at = self.loaded.library.place("", 0)[0]
            findings.error(f"and {self._beyond} more images fail", at=at, code="more")
        findings.settle()

    def _origin(self, spot: UnnamedCell, slot: str, column: str) -> str:
        """`, feeds/products.csv row 3, column headline`."""
        named = f", column {column}" if column else ""
        for axis, position in zip(self.loaded.matrix.axes, spot.point, strict=True):
            if axis.name == slot:
                at, row = axis.origin(position)
                return f", {at.file} {f'row {row}' if row else f'line {at.line}'}{named}"
        for join, position in zip(self.loaded.joins, spot.rows, strict=False):
            if join.table.name == slot and position != EMPTY_ROW:
                return f", {join.table.file} row {join.table.numbers[position]}{named}"
        return ""
