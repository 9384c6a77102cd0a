"""The checks on rows that every kind of feed shares."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from pipeline.campaign.feeds.table import KEY_JOINT, Table
from pipeline.campaign.findings import Findings, Place
from pipeline.suggestions import did_you_mean, listing

LONGEST_CELL = 200_000
"""Most characters in one cell of a feed."""
_FEW_COLUMNS = 8
"""Most columns that a complaint lists if none of them resembles the name."""


class Record(NamedTuple):
    """One row of a feed, not checked yet."""

    number: int
    line: int
    """The line on which it starts; 0 if this kind of feed has no lines."""
    values: Sequence[object]


_UNFIT = re.compile("[\0\ud800-\udfff]")


def check_columns(columns: Sequence[str], findings: Findings, *, at: Place) -> bool:
    """Return whether the header names every column once; report what is wrong."""
    sound = True
    seen: dict[str, int] = {}
    for number, column in enumerate(columns, start=1):
        if not column:
            findings.error(f"column {number} has no name", at=at, code="feed-header")
            sound = False
        elif column in seen:
            complaint = f"the column {column} appears twice ({seen[column]} and {number})"
            findings.error(complaint, at=at, code="feed-header")
            sound = False
        seen.setdefault(column, number)
    return sound


def check_keys(table: Table, findings: Findings, *, at: Place) -> bool:
    """Return whether every key column exists; report what is wrong."""
    for key in table.keys:
        if key not in table.columns:
            hint = did_you_mean(key, table.columns)
            if not hint and len(table.columns) <= _FEW_COLUMNS:
                hint = f"; it has {listing(table.columns, last='and')}"
            complaint = f"{table.file} has no column {key}{hint}"
            findings.error(complaint, at=at, code="feed-key", path=f"data.{table.name}.key")
            return False
    return True


def fill(table: Table, records: Iterable[Record], findings: Findings) -> None:
    """Add the valid records to the table; report what is wrong with the others."""
    where = [table.columns.index(key) for key in table.keys]
    for record in records:
        key = [key_text(record.values[column]) for column in where]
        if not _sound(record, table, findings):
            continue
        complaint = _key_complaint(key, record.number, table)
        if complaint and not table.filtered:
            findings.error(complaint, at=Place(table.file, record.line), code="feed-key")
            continue
        position = table.add(record.values, record.number)
        if complaint:
            table.suspects[position] = record.line
        elif where:
            table.index[KEY_JOINT.join(key)] = position


def recheck_keys(table: Table, findings: Findings) -> None:
    """Report the bad keys among the rows that `where` has kept."""
    sound = [True] * len(table.rows) if table.suspects else []
    for position, line in table.suspects.items():
        row = table.row(position)
        key = [key_text(row[column]) for column in table.keys]
        complaint = _key_complaint(key, table.numbers[position], table)
        if complaint:
            findings.error(complaint, at=Place(table.file, line), code="feed-key")
            sound[position] = False
        else:
            table.index[KEY_JOINT.join(key)] = position
    if table.suspects:
        table.suspects.clear()
        table.keep(sound)


def fitting(
    records: Iterable[Record], table: Table, findings: Findings, *, too_long: str = ""
) -> Iterator[Record]:
    """Yield the records with a cell for every column; drop empty cells beyond the last one.

    `too_long` is the probable cause of a row with too many cells, for the message.
    """
    width = len(table.columns)
    for record in records:
        row = list(record.values)
        while len(row) > width and row[-1] == "":
            row.pop()
        if len(row) == width:
            yield Record(record.number, record.line, row)
            continue
        kind = "short" if len(row) < width else "long"
        cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        complaint = f"row {record.number} is too {kind}: {cells} for {width} columns"
        complaint += too_long if kind == "long" else ""
        findings.error(complaint, at=Place(table.file, record.line), code="feed-row")


def _key_complaint(key: Sequence[str], number: int, table: Table) -> str:
    """Return the complaint about a row's key that is partly empty or occurred before."""
    if "" in key:
        return f"row {number} has no {table.keys[key.index('')]}, which is its key"
    first = table.index.get(KEY_JOINT.join(key)) if key else None
    if first is None:
        return ""
    named = ", ".join(f"{column} {cell}" for column, cell in zip(table.keys, key, strict=True))
    return f"row {number} repeats {named} of row {table.numbers[first]}"


def key_text(value: object) -> str:
    """Return a key cell as an id; empty if it cannot be one."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return ""


def _sound(record: Record, table: Table, findings: Findings) -> bool:
    at = Place(table.file, record.line)
    for column, value in zip(table.columns, record.values, strict=True):
        if not isinstance(value, str):
            continue
        where = f"row {record.number}, {column}"
        if len(value) > LONGEST_CELL:
            size = f"{len(value)} characters; at most {LONGEST_CELL}"
            findings.error(f"{where}: has {size}", at=at, code="feed-cell")
            return False
        unfit = _UNFIT.search(value)
        if unfit:
            complaint = f"{where}: holds U+{ord(unfit[0]):04X}, which no text may hold"
            findings.error(complaint, at=at, code="feed-cell")
            return False
    return True
