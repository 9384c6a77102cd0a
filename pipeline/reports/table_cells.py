"""Cells of tables that people open in a spreadsheet."""

from collections.abc import Iterable, Sequence

_RISKY_STARTS = frozenset("=+-@\t\r＝＋－＠")
"""Characters that make a spreadsheet read a cell as a formula if it starts with one."""


def inert(cells: Iterable[object]) -> Sequence[object]:
    """Return the cells of a row so that no spreadsheet reads one as a formula."""
    return [inert_cell(cell) for cell in cells]


def inert_cell(cell: object) -> object:
    """Return a cell that no spreadsheet reads as a formula."""
    risky = isinstance(cell, str) and cell[:1] in _RISKY_STARTS
    return f"'{cell}" if risky else cell
