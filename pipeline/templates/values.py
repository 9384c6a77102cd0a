"""The values that templates use: rows of tables and values of axes, with their columns."""

from collections.abc import Mapping, Sequence


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
        value.columns = {**columns, "id": identity}
        return value


def named_values(
    entry: Sequence[object], columns: Mapping[str, Sequence[str]]
) -> Mapping[str, object]:
    """Return template variables from their form in a message, `[slot, id, columns]`.

    If the slot is empty or starts with a dot, each column becomes a variable (`vars`, and a table's
    row in its `where`). Otherwise the slot is the variable: a row of a joined table if the id is
    null, else a value of an axis. Columns are a mapping, or a list in the order that was sent for
    this slot.
    """
    slot, identity, packed = entry
    slot = str(slot)
    if isinstance(packed, list):
        packed = dict(zip(columns[slot], packed, strict=True))
    if not isinstance(packed, dict):
        raise TypeError(type(packed))
    if not slot or slot.startswith("."):
        return packed
    if identity is None:
        return {slot: TableRow(slot, packed)}
    return {slot: AxisValue.of(slot, str(identity), packed)}
