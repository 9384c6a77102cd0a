"""The header row of a feed: names of columns, and what can be left out of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from pipeline.campaign.cell_globs import composed
from pipeline.campaign.feeds.table import Table, Unusable
from pipeline.campaign.findings import Findings, Place
from pipeline.suggestions import did_you_mean, listing

_FEW_COLUMNS = 8
"""Most columns that a complaint lists if none of them resembles the name."""
_UNSEEN = "\u200b\u2060\ufeff\xad"
_SEARCHED = 20
"""Most rows that are searched for a header that is not in the first row."""


class Record(NamedTuple):
    """One row of a feed, not checked yet."""

    number: int
    line: int
    """The line on which it starts; 0 if this kind of feed has no lines."""
    values: Sequence[object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """The columns of a table, and the cell of a row that each comes from."""

    width: int
    """Number of cells in a row."""
    picked: tuple[int | Unusable, ...]
    """For each column, the index of its cell in a row, or why its cells cannot be used."""
    nameless: tuple[int, ...] = ()
    """Cells that have no name in the header, and therefore no column."""

    @property
    def plain(self) -> bool:
        """True if the cells of a row are the columns of the table."""
        return self.picked == tuple(range(self.width))

    def chosen(self, values: Sequence[object]) -> list[object]:
        """Return the columns of a row with `width` cells."""
        return [one if isinstance(one, Unusable) else values[one] for one in self.picked]

    def padded(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield records with the empty cells that Excel leaves out at the end of a row."""
        for row in records:
            missing = self.width - len(row.values)
            yield Record(row.number, row.line, [*row.values, *[""] * missing])


def read_header(
    first: Record,
    others: Iterable[Record],
    table: Table,
    findings: Findings,
    *,
    at: Place,
    asked: int = 1,
    below: Callable[[], int] | None = None,
) -> Header | None:
    """Set the columns of the table from its header row; return `None` if they cannot be used.

    `others` are the following rows, and `at` is the place that names the table's key. `asked` is
    the row that the campaign file names. `below`, if given, finds a header further down; otherwise
    `others` are searched for it.
    """
    names = [column_name(cell) for cell in first.values]
    while names and not names[-1]:
        names.pop()
    positions: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        positions.setdefault(name, []).append(position)
    nameless = tuple(positions.pop("", ()))
    table.columns = tuple(positions)
    header = Header(
        width=len(names),
        picked=tuple(_picked(name, found) for name, found in positions.items()),
        nameless=nameless,
    )
    absent = [key for key in table.keys if key not in positions]
    repeated = [key for key in table.keys if len(positions.get(key, ())) > 1]
    path = f"data.{table.name}.key"
    if absent:
        row = below() if below else _row_of_header(table.keys, others)
        hint = _where_it_is(absent[0], table, row, asked=asked)
        complaint = f"{table.file} has no column {absent[0]}{hint}"
        findings.error(complaint, at=at, code="feed-key", path=path)
        return None
    if repeated:
        twice = _picked(repeated[0], positions[repeated[0]])
        if isinstance(twice, Unusable):
            start = Place(table.file, first.line)
            findings.error(twice.reason, at=start, code="feed-header")
        return None
    return header


def _picked(name: str, positions: Sequence[int]) -> int | Unusable:
    if len(positions) == 1:
        return positions[0]
    numbers = [str(position + 1) for position in positions]
    times = "twice" if len(numbers) == 2 else f"{len(numbers)} times"  # noqa: PLR2004  a word
    places = listing(numbers, last="and")
    return Unusable(f"the column {name} appears {times} ({places}); rename all but one")


def _where_it_is(key: str, table: Table, row: int, *, asked: int) -> str:
    """Return a hint at where a missing key column probably is."""
    if row:
        here = "its first row" if asked == 1 else f"row {asked}"
        return f" in {here}, but in row {row}; add header: {row}, or delete the rows above it"
    hint = did_you_mean(key, table.columns)
    if not hint and len(table.columns) <= _FEW_COLUMNS:
        hint = f"; it has {listing(table.columns, last='and')}"
    return hint if asked == 1 else f" in row {asked}{hint}"


def _row_of_header(keys: Sequence[str], others: Iterable[Record]) -> int:
    """Return the number of the row that has all keys as cells; 0 if none of the next ones has."""
    for row in islice(others, _SEARCHED):
        if is_header(row.values, keys):
            return row.number
    return 0


def column_name(cell: object) -> str:
    """Return a cell of a header as a name, without characters around it that nobody sees."""
    return composed(str(cell).strip().strip(_UNSEEN).strip())


def is_header(cells: Iterable[object], keys: Sequence[str]) -> bool:
    """Return whether a row has all keys among its cells."""
    names = {column_name(cell) for cell in cells}
    return bool(keys) and names.issuperset(keys)
