"""A table in memory: rows as packed JSON, found by key."""

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pipeline.campaign.cell_globs import composed

DECIMAL = "\0decimal"
"""The only key of a JSON object that represents a decimal number; no feed can contain it."""
UNUSABLE = "\0unusable"
"""The only key of a JSON object that represents a cell without a usable value."""
KEY_JOINT = "\0"


@dataclass(frozen=True, slots=True)
class Unusable:
    """A cell that must not be used, such as a formula without its result.

    It is reported only if it is used: a template, condition or join that uses it fails with the
    reason.
    """

    reason: str


def pack(value: object) -> str:
    """Return a value as ASCII JSON; decimals stay as written."""
    return _PACKER.encode(value)


def unpack(text: str | bytes) -> object:
    """Return the value that was packed by `pack`."""
    return json.loads(text, object_hook=_unspecial)


def _special(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {DECIMAL: str(value)}
    if isinstance(value, Unusable):
        return {UNUSABLE: value.reason}
    raise TypeError(type(value))


_PACKER = json.JSONEncoder(default=_special, separators=(",", ":"))


def _unspecial(mapping: dict[str, object]) -> object:
    if len(mapping) == 1 and isinstance(number := mapping.get(DECIMAL), str):
        return Decimal(number)
    if len(mapping) == 1 and isinstance(reason := mapping.get(UNUSABLE), str):
        return Unusable(reason)
    return mapping


def index_key(parts: Iterable[str]) -> str:
    """Return the key of a row in the index; composed and separate accents are equal."""
    return composed(KEY_JOINT.join(parts))


@dataclass(slots=True)
class Table:
    """Named columns and rows, with 100 bytes of overhead per row: a million rows fit."""

    name: str
    file: str
    columns: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """The columns that identify a row."""
    rows: list[bytes] = field(default_factory=list)
    """Each row as a JSON list with one value per column."""
    numbers: "array[int]" = field(default_factory=lambda: array("L"))
    """The row number of each row in its file: the header of a csv file is row 1."""
    index: dict[str, int] = field(default_factory=dict)
    """Position of each row by its key values, joined by NUL."""
    spellings: dict[int, str] = field(default_factory=dict)
    """The key of a row as written, if its accents are composed differently in the index."""
    filtered: bool = False
    """True if a `where` will drop rows; repeated keys are then reported after filtering."""
    unfiltered: bool = False
    """True if its `where` failed, so that its rows must not cause further findings."""
    suspects: dict[int, int] = field(default_factory=dict)
    """Line by position of rows whose key is empty or repeated, kept until filtering."""
    sha256: str = ""
    """Digest of the file's bytes as they were read."""
    path: Path | None = None
    """The file itself; of a feed by URL, its snapshot."""

    def add(self, values: Sequence[object], number: int) -> int:
        """Append a row; return its position."""
        self.rows.append(pack(values).encode("ascii"))
        self.numbers.append(number)
        return len(self.rows) - 1

    def enter(self, key: Sequence[str], position: int) -> None:
        """Add a row to the index by the values of its key columns."""
        written, entry = KEY_JOINT.join(key), index_key(key)
        self.index[entry] = position
        if written != entry:
            self.spellings[position] = written

    def row(self, position: int) -> Mapping[str, object]:
        """Return the values of one row by column."""
        values = unpack(self.rows[position])
        if not isinstance(values, list):
            raise TypeError(type(values))
        return dict(zip(self.columns, values, strict=True))

    def ids(self) -> list[str]:
        """Return the key of every row in order, for a key of one column."""
        ordered = [""] * len(self.rows)
        for key, position in self.index.items():
            ordered[position] = key
        for position, key in self.spellings.items():
            ordered[position] = key
        return ordered

    def keep(self, wanted: Sequence[bool]) -> None:
        """Keep only the rows whose flag is true."""
        kept = [position for position, keep in enumerate(wanted) if keep]
        moved = {old: new for new, old in enumerate(kept)}
        self.rows = [self.rows[position] for position in kept]
        self.numbers = array("L", (self.numbers[position] for position in kept))
        self.index = {key: moved[old] for key, old in self.index.items() if old in moved}
        self.spellings = {moved[old]: key for old, key in self.spellings.items() if old in moved}
        self.suspects = {moved[old]: line for old, line in self.suspects.items() if old in moved}
