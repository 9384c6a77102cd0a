"""Small forms for stored values, and a seal that shows when a row is no longer what was written."""

import json
from binascii import crc32
from functools import lru_cache
from typing import Any

from pipeline.errors import LedgerUnusable

Cell = str | int | bytes | None
"""What one column of a row can hold."""


def packed(text: str) -> str | bytes:
    """A key or digest in half the bytes: 32 or 64 hex digits as bytes, all else as it is."""
    if len(text) in {32, 64}:
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            return text
        if raw.hex() == text:
            return raw
    return text


def unpacked(stored: Cell) -> str:
    """What `packed` was given."""
    return stored.hex() if isinstance(stored, bytes) else str(stored)


def sealed(row: tuple[Any, ...]) -> int:
    """A checksum over the columns of a row before its seal: one flipped bit shows."""
    return crc32(repr(row).encode("utf-8", "surrogatepass"))


def unsealed(row: tuple[Any, ...], width: int) -> None:
    """`LedgerUnusable` where a row, whose seal follows `width` columns, is not what was written."""
    if sealed(row[:width]) != row[width]:
        raise LedgerUnusable(
            f"the ledger is damaged: a row is not what was written, {row[:3]}.\n"
            "Restore ledger.db from a backup, or move it and the files beside it away and rebuild "
            "it with `pipeline ledger import RUN-MANIFEST`."
        )


def axis_names(axes: tuple[tuple[str, str], ...]) -> str:
    """The names of the axes, as the one row that all cells of a matrix share."""
    return json.dumps([name for name, _ in axes], ensure_ascii=False)


def axis_ids(axes: tuple[tuple[str, str], ...], cell: str) -> str | None:
    """The ids of a cell on its axes; `None` where the cell's name says them already."""
    ids = [id_ for _, id_ in axes]
    if ids == cell.split("/"):
        return None
    return json.dumps(ids, ensure_ascii=False)


def axes_from(names: str, ids: str | None, cell: str) -> tuple[tuple[str, str], ...]:
    """The axes that `axis_names` and `axis_ids` took apart."""
    values = cell.split("/") if ids is None else json.loads(ids)
    return tuple(zip(_names(names), values, strict=True))


@lru_cache(maxsize=64)
def _names(names: str) -> tuple[str, ...]:
    return tuple(json.loads(names))
