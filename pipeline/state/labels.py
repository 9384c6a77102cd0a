"""What people call a cell and its image, on the page and on the sheet."""

from collections.abc import Mapping

from pipeline.model.campaign import Cell

_LABELS = ("name", "title", "label")
"""Where a feed usually keeps what people call a product."""


def short(sha256: str) -> str:
    """The name under which the page asks for an image."""
    return sha256[:16]


def labels_of(cell: Cell) -> list[str]:
    """What people call the values of a cell, axis by axis."""
    return [label_of(cell, axis, value) for axis, value in cell.axes]


def label_of(cell: Cell, axis: str, value: str) -> str:
    """What people call one value of an axis."""
    if axis == "size":
        return cell.size.ratio if cell.size.pixels is None else value
    said = cell.values.get(axis)
    if isinstance(said, Mapping):
        for key in _LABELS:
            name = said.get(key)
            if isinstance(name, str) and name.strip():
                return name
    return value
