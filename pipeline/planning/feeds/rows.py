"""From records to a table: the checks that every kind of feed shares."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from pipeline.planning.feeds.table import KEY_JOINT, Table
from pipeline.planning.nearest import did_you_mean
from pipeline.planning.places import Findings, Place

LONGEST_CELL = 200_000
"""Characters in one cell of a feed."""
_UNFIT = re.compile("[\0\ud800-\udfff]")


def check_columns(columns: Sequence[str], findings: Findings, *, at: Place) -> bool:
    """Whether the header names every column once."""
    sound = True
    seen: dict[str, int] = {}
    for number, column in enumerate(columns, start=1):
        if not column:
            findings.error(f"column {number} has no name", at=at, code="feed-header")
            sound = False
        elif column in seen:
            complaint = f"the column {column} stands twice ({seen[column]} and {number})"
            findings.error(complaint, at=at, code="feed-header")
            sound = False
        seen.setdefault(column, number)
    return sound


def check_keys(table: Table, findings: Findings, *, at: Place) -> bool:
    """Whether every key column exists."""
    for key in table.keys:
        if key not in table.columns:
            complaint = f"{table.file} has no column {key}{did_you_mean(key, table.columns)}"
            findings.error(complaint, at=at, code="feed-key", path=f"data.{table.name}.key")
            return False
    return True


def fill(
    table: Table, records: Iterable[tuple[int, int, Sequence[object]]], findings: Findings
) -> None:
    """Add (row, line, values) to the table, checking cells and keys."""
    where = [table.columns.index(key) for key in table.keys]
    for number, line, values in records:
        at = Place(table.file, line)
        if not _sound(values, table, number, findings=findings, at=at):
            continue
        position = table.add(values, number)
        if not where:
            continue
        parts = [key_text(values[column]) for column in where]
        if "" in parts:
            empty = table.keys[parts.index("")]
            complaint = f"row {number} has no {empty}, which is its key"
            findings.error(complaint, at=at, code="feed-key")
            continue
        first = table.index.setdefault(KEY_JOINT.join(parts), position)
        if first != position:
            named = ", ".join(f"{k} {p}" for k, p in zip(table.keys, parts, strict=True))
            complaint = f"row {number} repeats {named} of row {table.numbers[first]}"
            findings.error(complaint, at=at, code="feed-key")


def key_text(value: object) -> str:
    """A key cell as an id; empty where it cannot be one."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return ""


def _sound(
    values: Sequence[object], table: Table, number: int, *, findings: Findings, at: Place
) -> bool:
    for column, value in zip(table.columns, values, strict=True):
        if not isinstance(value, str):
            continue
        if len(value) > LONGEST_CELL:
            size = f"{len(value)} characters; at most {LONGEST_CELL}"
            findings.error(f"row {number}, {column}: has {size}", at=at, code="feed-cell")
            return False
        unfit = _UNFIT.search(value)
        if unfit:
            complaint = (
                f"row {number}, {column}: holds U+{ord(unfit[0]):04X}, which no text may hold"
            )
            findings.error(complaint, at=at, code="feed-cell")
            return False
    return True
