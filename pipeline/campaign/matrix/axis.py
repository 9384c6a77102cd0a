"""One axis: its values in order, each an id with columns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.campaign.feeds.table import Table, pack, unpack
from pipeline.campaign.places import Place
from pipeline.model.campaign import Size

CANONICAL = ("product", "size", "locale")


def canonical(names: Sequence[str]) -> list[str]:
    """Axis names in the order in which cells are named: product, size, locale, then by name."""
    first = [name for name in CANONICAL if name in names]
    return first + sorted(name for name in names if name not in CANONICAL)


@dataclass(slots=True)
class Axis:
    """Values in the file's order; those that only `include` names come after `crossed`."""

    name: str
    ids: list[str] = field(default_factory=list)
    crossed: int = 0
    """How many of the values take part in the cross product."""
    table: Table | None = None
    """Where the first values come from, row by row; the others are `extra`."""
    extra: list[str] = field(default_factory=list)
    """Columns of the values that are not rows of the table, as packed mappings."""
    places: list[Place] = field(default_factory=list)
    """Where each extra value is written."""
    sizes: list[Size] = field(default_factory=list)
    """For the size axis: what each value is."""

    def add(self, identity: str, columns: Mapping[str, object], *, at: Place) -> int:
        """Append a value that is written in the campaign file; returns its position."""
        self.ids.append(identity)
        self.extra.append(pack(columns))
        self.places.append(at)
        return len(self.ids) - 1

    def packed(self, position: int) -> str:
        """The columns of a value as JSON: a list for a row of the table, else a mapping."""
        rows = len(self.table.rows) if self.table else 0
        if self.table is not None and position < rows:
            return self.table.rows[position].decode("ascii")
        return self.extra[position - rows]

    def columns(self, position: int) -> Mapping[str, object]:
        """The columns of a value; without its id."""
        if self.table is not None and position < len(self.table.rows):
            return self.table.row(position)
        columns = unpack(self.extra[position - (len(self.table.rows) if self.table else 0)])
        if not isinstance(columns, dict):
            raise TypeError(type(columns))
        return columns

    def origin(self, position: int) -> tuple[Place, int]:
        """Where a value is written: its place and, in a table, its row number (else 0)."""
        rows = len(self.table.rows) if self.table else 0
        if self.table is not None and position < rows:
            return Place(self.table.file), self.table.numbers[position]
        return self.places[position - rows], 0

    def known_columns(self) -> Iterator[str]:
        """Every column that some value of the axis has."""
        yield "id"
        if self.table is not None:
            yield from self.table.columns
        seen: set[str] = set()
        for packed in self.extra[:1000]:
            columns = unpack(packed)
            if isinstance(columns, dict):
                yield from (column for column in columns if column not in seen)
                seen.update(columns)
