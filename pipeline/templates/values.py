"""The values that templates use: rows of tables and values of axes, with their columns."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jinja2 import TemplateRuntimeError

from pipeline.templates.messages import ROW, Slots
from pipeline.templates.numbers import FeedText


class Unwritable(TemplateRuntimeError):
    """A template cannot be written for a cell; has the value that caused it."""

    def __init__(self, complaint: str | None = None, *, slot: str = "", column: str = "") -> None:
        super().__init__(complaint)
        self.slot = slot
        self.column = column
        self.template, self.line = "", 0
        """The place of the error, if known; otherwise the traceback has it."""


@dataclass(frozen=True, slots=True)
class UnusableCell:
    """A cell that has no usable value; using it is an error."""

    reason: str


class TableRow:
    """A table's row for one cell: `copy.headline`."""

    __slots__ = ("columns", "slot")

    def __init__(self, slot: str, columns: Mapping[str, object]) -> None:
        self.slot = slot
        self.columns = columns


class AxisValue(str):
    """A value of an axis: a text equal to its id, with columns: `product.name`."""

    __slots__ = ("columns", "slot")

    columns: Mapping[str, object]
    slot: str

    @classmethod
    def of(cls, slot: str, identity: str, columns: Mapping[str, object]) -> "AxisValue":
        """Return the value with the id `identity` of the axis `slot`."""
        value = cls(identity)
        value.slot = slot
        value.columns = columns
        return value


def named_values(entry: Sequence[object], slots: Slots) -> Mapping[str, object]:
    """Return template variables from their form in a message, `[slot, id, columns]`.

    If the slot is empty or starts with a dot, each column becomes a variable (`vars`, and a table's
    row in its `where`, where `row` has them all). Otherwise the slot is the variable: a row of a
    joined table if the id is null, else a value of an axis. Columns are a mapping, or a list in the
    order that was sent for this slot.
    """
    slot, identity, packed = entry
    slot = str(slot)
    if isinstance(packed, list):
        packed = dict(zip(slots.columns[slot], packed, strict=True))
    if not isinstance(packed, dict):
        raise TypeError(type(packed))
    decimal = slots.decimals.get(slot)
    if decimal:
        packed = {
            name: FeedText.of(value, decimal) if type(value) is str else value
            for name, value in packed.items()
        }
    if not slot:
        return packed
    if slot.startswith("."):
        return {ROW: TableRow(ROW, packed), **packed}
    if identity is None:
        return {slot: TableRow(slot, packed)}
    if slot not in slots.own_ids or "id" not in packed:
        packed["id"] = str(identity)
    return {slot: AxisValue.of(slot, str(identity), packed)}


def composed(name: str) -> str:
    """Return a name in the form of column names, with composed accents."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def special_value(mapping: dict[str, object]) -> object:
    """Return the value that a JSON object represents, e.g. a decimal."""
    if len(mapping) == 1:
        if isinstance(number := mapping.get("\0decimal"), str):
            return Decimal(number)
        if isinstance(reason := mapping.get("\0unusable"), str):
            return UnusableCell(reason)
    return mapping


def kind_of(value: object) -> str:
    """Return what a value that is no text is, in words for a complaint."""
    if value is None:
        return "empty (null)"
    if isinstance(value, TableRow):
        return "a whole row"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple | set | frozenset | range) or hasattr(value, "__next__"):
        return "a list"
    return "a function" if callable(value) else "no text"
