"""One axis: its values in order, each an id with columns."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.campaign.feeds.rows import key_text
from pipeline.campaign.feeds.table import Table, Unusable, pack, unpack
from pipeline.campaign.findings import Place, refusal
from pipeline.model.campaign import Size

CANONICAL = ("product", "size", "locale")


def canonical(names: Sequence[str]) -> list[str]:
    """Return axis names in the order of cell names: product, size, locale, then by name."""
    first = [name for name in CANONICAL if name in names]
    return first + sorted(name for name in names if name not in CANONICAL)


@dataclass(slots=True)
class Axis:
    """One axis: the values in the order of the file, then those that only `include` has."""

    name: str
    ids: list[str] = field(default_factory=list)
    crossed: int = 0
    """Number of values that take part in the cross product; the others come from `include`."""
    table: Table | None = None
    """The table whose rows are the first values, if any; columns of the others are in `extra`."""
    extra: list[str] = field(default_factory=list)
    """Columns of the values that are not rows of the table, as packed mappings."""
    places: list[Place] = field(default_factory=list)
    """The place of each extra value."""
    sizes: list[Size] = field(default_factory=list)
    """The size of each value, on the size axis."""

    def add(self, identity: str, columns: Mapping[str, object], *, at: Place) -> int:
        """Append a value that is written in the campaign file; return its position."""
        self.ids.append(identity)
        self.extra.append(pack(columns))
        self.places.append(at)
        return len(self.ids) - 1

    def packed(self, position: int) -> str:
        """Return the columns of a value as JSON: a list for a row of the table, else a mapping."""
        rows = len(self.table.rows) if self.table else 0
        if self.table is not None and position < rows:
            return self.table.rows[position].decode("ascii")
        return self.extra[position - rows]

    def columns(self, position: int) -> Mapping[str, object]:
        """Return the columns of a value, without its id."""
        if self.table is not None and position < len(self.table.rows):
            return self.table.row(position)
        columns = unpack(self.extra[position - (len(self.table.rows) if self.table else 0)])
        if not isinstance(columns, dict):
            raise TypeError(type(columns))
        return columns

    def named(self, position: int) -> Mapping[str, object]:
        """Return the columns of a value as templates see them: `id` too, if it has none itself."""
        columns = self.columns(position)
        own = self.table is not None and has_own_id(self.name, self.table)
        return columns if own and "id" in columns else {**columns, "id": self.ids[position]}

    def text(self, position: int, column: str) -> str:
        """Return a column of a value as a text to compare; empty if it has none.

        Raises `CampaignError` if the cell cannot be used.
        """
        value = self.named(position).get(column)
        if isinstance(value, Unusable):
            at, row = self.origin(position)
            complaint = f"row {row}: {value.reason}"
            raise refusal(complaint, at=at, code="feed-cell", path=f"matrix.{self.name}")
        return key_text(value)

    def origin(self, position: int) -> tuple[Place, int]:
        """Return the place of a value and, in a table, its row number (else 0)."""
        rows = len(self.table.rows) if self.table else 0
        if self.table is not None and position < rows:
            return Place(self.table.file), self.table.numbers[position]
        return self.places[position - rows], 0

    def known_columns(self) -> Iterator[str]:
        """Yield every column that some value of the axis has."""
        yield "id"
        if self.table is not None:
            yield from self.table.columns
        seen: set[str] = set()
        for packed in self.extra[:1000]:
            columns = unpack(packed)
            if isinstance(columns, dict):
                yield from (column for column in columns if column not in seen)
                seen.update(columns)


def has_own_id(axis: str, table: Table) -> bool:
    """Return whether a feed's column `id` is not the id of the axis, since another is the key.

    The ids of sizes are always those of cell names.
    """
    return axis != "size" and "id" in table.columns and table.keys != ("id",)


LONGEST_ID = 100
"""Most bytes of an id in UTF-8; several ids make one file name."""

_UNFIT = re.compile(r'[/\\:*?"<>|\[\]\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def id_complaint(word: str) -> str:
    """Return the reason why a word cannot be an id; empty if it can."""
    if not word:
        return "an id must not be empty"
    if word in (".", ".."):
        return f"an id may not be {word}"
    unfit = _UNFIT.search(word)
    if unfit:
        shown = unfit[0] if unfit[0].isprintable() else f"U+{ord(unfit[0]):04X}"
        return f"an id may not contain {shown}, since it names files and cells"
    if word != word.strip() or word.endswith("."):
        return "an id may not start or end with a space, or end with a dot"
    if word.startswith("-"):
        return "an id may not start with -"
    if len(word.encode()) > LONGEST_ID:
        return f"an id may have {LONGEST_ID} bytes at most"
    if _RESERVED.fullmatch(word):
        return f"{word} is a name that Windows reserves"
    return ""


def plain_id(word: str) -> str:
    """Return a word with - for characters that ids may not have; empty if it has none."""
    plain = re.sub(r"\s*-[-\s]*", "-", _UNFIT.sub("-", word)).strip("-. ")
    return plain if _UNFIT.search(word) else ""


def folded(word: str) -> str:
    """Return a form that is equal for names that some file systems do not tell apart."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())
