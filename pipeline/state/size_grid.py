"""The matrix as a table that fits a page: products down, sizes across, counted as jobs pass."""

from dataclasses import dataclass, field

from pipeline.model.credits import FREE, Credits
from pipeline.model.job import Job

MOST_ROWS = 40
"""Products that are counted one by one."""


@dataclass(slots=True)
class GridCell:
    """One product in one size."""

    images: int = 0
    new: int = 0
    shared: int = 0
    """Images that another cell's render pays for."""


@dataclass(slots=True)
class GridRow:
    """One product."""

    squares: dict[str, GridCell] = field(default_factory=dict)
    """By size."""
    new: int = 0
    credits: Credits = FREE


class SizeGrid:
    """The first products of a stage square by square, and the ids of every axis."""

    def __init__(self) -> None:
        self.cells = 0
        self.takes = 1
        """The most takes that a cell has."""
        self.axes: dict[str, set[str]] = {}
        """Axis → the ids that occur on it."""
        self.sizes: dict[str, None] = {}
        """In the order in which they come."""
        self.rows: dict[str, GridRow] = {}

    @property
    def hidden(self) -> int:
        """Products that have no row of their own."""
        products = self.axes.get("product")
        return (self.cells if products is None else len(products)) - len(self.rows)

    def add(self, job: Job, *, new: bool, price: Credits) -> None:
        """Count one image; `new`: it would be bought."""
        axes = dict(job.at.axes)
        size = axes.get("size", "")
        if job.at.take == 1:
            self.cells += 1
            self.sizes.setdefault(size)
            for axis, value in axes.items():
                known = self.axes.get(axis)
                if known is None:
                    known = self.axes[axis] = set()
                known.add(value)
        elif job.at.take > self.takes:
            self.takes = job.at.take
        row = self._row(axes.get("product", job.at.cell))
        if row is None:
            return
        square = row.squares.setdefault(size, GridCell())
        square.images += 1
        square.shared += job.payer is not None
        if new:
            square.new += 1
            row.new += 1
            row.credits = Credits(row.credits + price)

    def _row(self, product: str) -> GridRow | None:
        row = self.rows.get(product)
        if row is None and len(self.rows) < MOST_ROWS:
            row = self.rows[product] = GridRow()
        return row
