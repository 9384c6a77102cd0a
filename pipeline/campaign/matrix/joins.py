"""Joining tables to cells: finding the row of each cell."""

from collections.abc import Mapping, Sequence

from pipeline.campaign.feeds.table import Table, index_key
from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.matrix import TablePart
from pipeline.campaign.matrix.axis import Axis
from pipeline.campaign.resolved import Join, Point
from pipeline.suggestions import listing

EMPTY_ROW = -1
_REMEMBERED = 50_000


def build_joins(
    tables: Mapping[str, Table],
    parts: Mapping[str, TablePart],
    axes: Sequence[Axis],
    findings: Findings,
    *,
    places: Mapping[str, Place],
) -> tuple[Join, ...]:
    """Return a join for every table that is not an axis; report what is wrong."""
    used = {axis.table.name for axis in axes if axis.table is not None}
    joins = []
    for name, table in sorted(tables.items()):
        at, path = places[name], f"data.{name}.key"
        if name in used:
            continue
        if not table.keys:
            complaint = f"{name} is not an axis, so it needs a key to find each cell's row"
            findings.error(complaint, at=at, path=path, code="feed-key")
            continue
        keys = [_key(column, axes, findings, at=at, path=path) for column in table.keys]
        known = tuple(key for key in keys if key is not None)
        if len(known) == len(keys):
            on_missing = parts[name].on_missing
            joins.append(Join(table=table, keys=known, on_missing=on_missing, place=at))
    return tuple(joins)


def _key(
    column: str, axes: Sequence[Axis], findings: Findings, *, at: Place, path: str
) -> tuple[int, str] | None:
    """Return the axis with this name, or else the only axis that has such a column."""
    for number, axis in enumerate(axes):
        if axis.name == column:
            return number, ""
    having = [n for n, axis in enumerate(axes) if column in set(axis.known_columns())]
    if len(having) == 1:
        return having[0], column
    if having:
        several = listing((axes[number].name for number in having), last="and")
        complaint = f"{column} is a column of {several}; it is not clear which one is meant"
    else:
        complaint = f"no axis is named {column}, and none has such a column"
    findings.error(complaint, at=at, path=path, code="join")
    return None


class Joiner:
    """Finds the rows of cells, with a cache of the keys of recent values."""

    def __init__(self, joins: Sequence[Join], axes: Sequence[Axis]) -> None:
        self.joins = joins
        self.axes = axes
        self._texts: dict[tuple[int, str, int], str] = {}

    def rows(self, point: Point) -> tuple[Point, Join | None]:
        """Return the row in every joined table, and the first join without a row for the cell."""
        rows = []
        absent: Join | None = None
        for join in self.joins:
            row = join.table.index.get(self.key(join, point), EMPTY_ROW)
            if row == EMPTY_ROW and join.on_missing != "empty" and absent is None:
                absent = join
            rows.append(row)
        return tuple(rows), absent

    def key(self, join: Join, point: Point) -> str:
        """Return the key of a cell in a table."""
        return index_key(self._text(axis, column, point[axis]) for axis, column in join.keys)

    def _text(self, axis: int, column: str, position: int) -> str:
        if not column:
            return self.axes[axis].ids[position]
        known = self._texts.get((axis, column, position))
        if known is None:
            if len(self._texts) > _REMEMBERED:
                self._texts.clear()
            known = self._texts[axis, column, position] = self.axes[axis].text(position, column)
        return known
