"""Problems in templates, each reported once with cell, line, and row and column of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.campaign.findings import Findings
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.joins import EMPTY_ROW
from pipeline.campaign.resolved import UnnamedCell
from pipeline.model.names import CellName

_MOST = 100


@dataclass(slots=True)
class _RepeatedProblem:
    """A complaint about one line, its first cell, and the number of cells that have it."""

    where: str
    cells: int = 1


class Problems:
    """Merges the complaints of many cells into few findings."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self.loaded = loaded
        self._problems: dict[tuple[str, int, str], _RepeatedProblem] = {}
        self._beyond = 0

    def note(self, problem: Mapping[str, Any], unnamed: UnnamedCell, cell: CellName) -> None:
        """Count a complaint for a cell."""
        key = (problem["template"], problem["line"], problem["complaint"])
        known = self._problems.get(key)
        if known is not None:
            known.cells += 1
        elif len(self._problems) >= _MOST:
            self._beyond += 1
        else:
            slot, column = problem.get("slot", ""), problem.get("column", "")
            self._problems[key] = _RepeatedProblem(
                f"cell {cell}{self._origin(unnamed, slot, column)}"
            )

    def raise_if_failed(self) -> None:
        """Raise `CampaignError` if there was any complaint."""
        findings = Findings()
        for (template, line, complaint), problem in self._problems.items():
            at, path = self.loaded.templates.place(template, line)
            more = problem.cells - 1
            also = f" and {more} more image{'s' if more > 1 else ''}" if more else ""
            findings.error(
                f"{complaint} ({problem.where}{also})", at=at, path=path, code="template"
            )
        if self._beyond:
            at = self.loaded.templates.place("", 0)[0]
            findings.error(f"and {self._beyond} more images fail", at=at, code="more")
        findings.raise_if_failed()

    def _origin(self, unnamed: UnnamedCell, slot: str, column: str) -> str:
        """Return `, feeds/products.csv row 3, column headline`; empty for an unknown slot."""
        named = f", column {column}" if column else ""
        for axis, position in zip(self.loaded.matrix.axes, unnamed.point, strict=True):
            if axis.name == slot:
                at, row = axis.origin(position)
                return f", {at.file} {f'row {row}' if row else f'line {at.line}'}{named}"
        for join, position in zip(self.loaded.joins, unnamed.rows, strict=False):
            if join.table.name == slot and position != EMPTY_ROW:
                return f", {join.table.file} row {join.table.numbers[position]}{named}"
        return ""
