"""The checks on rows that every kind of feed shares."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from pipeline.campaign.feeds.header import Header, Record
from pipeline.campaign.feeds.table import Table, Unusable, index_key
from pipeline.campaign.findings import Findings, Place

LONGEST_CELL = 200_000
"""Most characters in one cell of a feed."""

_LAST_ROWS = 3
"""Number of rows at the end of a table that are searched for a sum."""
_ROWS_BEFORE = 20
"""Rows above them with which they are compared."""
_FEW_CELLS = 2
"""Most columns of a table whose rows may have one cell each."""
_TOTAL = re.compile(
    r"(?:(?:grand |sub)?totals?|sum|summe|(?:gesamt|zwischen)?summe|gesamt|totaal|totale|somme|suma"
    r"|razem|итого|合計|合计|总计|總計|小計)(?=$|[\s:(])",
    re.IGNORECASE,
)
_UNFIT = re.compile("[\0\ud800-\udfff]")


def fill(
    table: Table,
    records: Iterable[Record],
    header: Header,
    findings: Findings,
    *,
    too_long: str = "",
) -> None:
    """Add the valid records to the table; report what is wrong with the others.

    `too_long` is the probable cause of a row with too many cells, for the message.
    """
    where = [table.columns.index(key) for key in table.keys]
    whole = _fitting(records, table, header.width, findings, too_long=too_long)
    for record in whole if header.plain else _chosen(whole, table, header, findings):
        if not _sound(record, table, findings):
            continue
        cells = [record.values[column] for column in where]
        key = [key_text(cell) for cell in cells]
        complaint = _key_complaint(key, cells, record.number, table)
        if complaint and not table.filtered:
            findings.error(complaint, at=Place(table.file, record.line), code="feed-key")
            continue
        position = table.add(record.values, record.number)
        if complaint:
            table.suspects[position] = record.line
        elif where:
            table.enter(key, position)


def _chosen(
    records: Iterable[Record], table: Table, header: Header, findings: Findings
) -> Iterator[Record]:
    """Yield the cells that have a column; report values in cells that have none."""
    unnamed = dict.fromkeys(header.nameless, 0)
    for record in records:
        for cell in header.nameless:
            if record.values[cell] != "" and not unnamed[cell]:
                unnamed[cell] = record.number
        yield Record(record.number, record.line, header.chosen(record.values))
    for cell, row in unnamed.items():
        if row:
            complaint = f"column {cell + 1} has no name, but row {row} has a value there"
            way = "name the column, or delete it"
            findings.error(f"{complaint}; {way}", at=Place(table.file, 1), code="feed-header")


def _unusable(cells: Iterable[object]) -> str:
    """Return the reason why one of these cells cannot be used; empty if all can."""
    return next((cell.reason for cell in cells if isinstance(cell, Unusable)), "")


def recheck_keys(table: Table, findings: Findings) -> None:
    """Report the bad keys among the rows that `where` has kept."""
    sound = [True] * len(table.rows) if table.suspects else []
    for position, line in table.suspects.items():
        row = table.row(position)
        cells = [row[column] for column in table.keys]
        key = [key_text(cell) for cell in cells]
        complaint = _key_complaint(key, cells, table.numbers[position], table)
        if complaint:
            findings.error(complaint, at=Place(table.file, line), code="feed-key")
            sound[position] = False
        else:
            table.enter(key, position)
    if table.suspects:
        table.suspects.clear()
        table.keep(sound)


def _fitting(
    records: Iterable[Record], table: Table, width: int, findings: Findings, *, too_long: str
) -> Iterator[Record]:
    """Yield the records with `width` cells; drop empty cells beyond the last one."""
    wrong: tuple[str, Place] | None = None
    for record in records:
        if wrong is not None:
            findings.error(wrong[0], at=wrong[1], code="feed-row")
            wrong = None
        row = list(record.values)
        while len(row) > width and row[-1] == "":
            row.pop()
        if len(row) == width:
            yield Record(record.number, record.line, row)
            continue
        kind = "short" if len(row) < width else "long"
        cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        complaint = f"row {record.number} is too {kind}: {cells} for {width} columns"
        breaks = sum(cell.count("\n") for cell in row if isinstance(cell, str))
        if breaks:
            complaint += f"; it spans {breaks + 1} lines, as after a quote that is not closed"
        elif kind == "long":
            complaint += too_long
        wrong = complaint, Place(table.file, record.line)
    if wrong is not None:
        short = "too short" in wrong[0] and len(table.rows) > 1
        way = "; if this last row is a total or a note, delete it" if short else ""
        findings.error(wrong[0] + way, at=wrong[1], code="feed-row")


def note_totals(table: Table, findings: Findings) -> None:
    """Warn of a sum or a note below the table, which would be rendered like a product."""
    end = len(table.rows)
    last = range(max(0, end - _LAST_ROWS), end)
    before = range(max(0, last.start - _ROWS_BEFORE), last.start)
    full = bool(before) and not any(_has_one_cell(table, position) for position in before)
    for position in last:
        row = table.row(position)
        if full and table.keys and _has_one_cell(table, position):
            complaint = f"row {table.numbers[position]} has only one cell: a note below the table?"
            way = "delete it, or leave it out with where"
            findings.warning(f"{complaint} {way}", at=Place(table.file), code="feed-row")
            continue
        named = [text for key in table.keys if _TOTAL.match(text := key_text(row[key]))]
        if named and any(value in ("", None) for value in row.values()):
            number = table.numbers[position]
            complaint = f"row {number} ({named[0]}) looks like a sum below the table"
            way = "delete it, or leave it out with where"
            findings.warning(f"{complaint}; {way}", at=Place(table.file), code="feed-row")


def _has_one_cell(table: Table, position: int) -> bool:
    """Return whether only one cell of a row is filled, of more than two."""
    filled = [value not in ("", None) for value in table.row(position).values()]
    return len(filled) > _FEW_CELLS and sum(filled) == 1


def _key_complaint(key: Sequence[str], cells: Sequence[object], number: int, table: Table) -> str:
    """Return the complaint about a row's key that is partly empty or occurred before."""
    if "" in key:
        empty = f"row {number} has no {table.keys[key.index('')]}, which is its key"
        return _unusable(cells) or empty
    if key and [part.casefold() for part in key] == [name.casefold() for name in table.keys]:
        return f"row {number} repeats the header; delete it, or leave it out with where"
    first = table.index.get(index_key(key)) if key else None
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
