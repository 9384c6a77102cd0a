"""What templates see: rows and axis values whose columns come before everything else."""

from collections.abc import Mapping, Sequence


class TableRow:
    """A table's row for one cell: `copy.headline`."""

    __slots__ = ("columns", "slot")

    def __init__(self, slot: str, columns: Mapping[str, object]) -> None:
        self.slot = slot
        self.columns = columns


class AxisValue(str):
    """A value of an axis: prints and compares as its id, and has columns: `product.name`."""

    __slots__ = ("columns", "slot")

    columns: Mapping[str, object]
    slot: str

    @classmethod
    def of(cls, slot: str, identity: str, columns: Mapping[str, object]) -> "AxisValue":
        """The value `identity` of the axis `slot`."""
        value = cls(identity)
        value.slot = slot
        value.columns = {**columns, "id": identity}
        return value


def named_values(
    entry: Sequence[object], columns: Mapping[str, Sequence[str]]
) -> Mapping[str, object]:
    """Names and values from their wire form `[slot, id, columns]`.

    A slot without a name, or whose name starts with a dot, gives its columns as names of their own
    (`vars`, and a table's row in its `where`); one without an id is a joined row. Columns are a
    mapping, or a list in the order that was sent for this slot.
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
