"""Reading CSV and TSV files, also with a BOM, `;`, CRLF or quoted newlines."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from pipeline.campaign.feeds.header import Header, Record, is_header, read_header
from pipeline.campaign.feeds.rows import LONGEST_CELL, fill
from pipeline.campaign.feeds.swallowed_rows import SwallowedRows
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.reading.source import decode

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
"""A first line that tells Excel the separator; not part of the table."""
_UNQUOTED = "; a cell that contains the separator must be quoted"
_QUOTED = re.compile(r'"[^"]*"')
_SEARCHED = 20
"""Most lines that are searched for a header that is not in the first line."""


def read_delimited(
    content: bytes,
    table: Table,
    findings: Findings,
    *,
    delimiter: str | None,
    at: Place,
    header_line: int = 1,
) -> None:
    """Fill a table from the bytes of a CSV file; every cell is text.

    Lines are decoded one by one, so that a large feed is in memory only once. Those above the line
    of the header are not read as rows: a title may have a quote that is never closed.
    """
    decode(content, shown=table.file)
    lines = _lines_of(content)
    layout = layout_of(lines, delimiter=delimiter, header_line=header_line)
    skipped, mark = layout.skipped, layout.delimiter
    watched: list[SwallowedRows] = []
    records = _records(
        lines,
        table.file,
        findings,
        mark,
        skipped=skipped,
        watched=watched,
    )
    header_row = next(records, None)
    start = Place(table.file, header_row.line if header_row is not None else 1 + skipped)
    if header_row is None or not any(header_row.values):
        findings.error("is empty; a header row is missing", at=start, code="feed-empty")
        return
    header = read_header(
        header_row,
        records,
        table,
        findings,
        at=at,
        asked=header_line,
        below=lambda: _line_of_header(_lines_of(content), table.keys, delimiter),
    )
    if header is not None:
        watched.append(_watch(table, header, mark))
        breaks = sum(str(name).count("\n") for name in header_row.values)
        watched[0].look_at(header_row, last_line=header_row.line + breaks)
        fill(table, records, header, findings, too_long=_UNQUOTED)
        watched[0].report(findings)


@dataclass(frozen=True, kw_only=True, slots=True)
class DelimitedLayout:
    """Where the table in a CSV file begins, and what separates its cells."""

    skipped: int
    """Lines above the header."""
    delimiter: str


def layout_of(lines: TextIO, *, delimiter: str | None, header_line: int) -> DelimitedLayout:
    """Return the layout of a CSV file, and leave `lines` at its header."""
    first = lines.readline()
    declared = _SEPARATOR.fullmatch(first.strip())
    skipped = max(header_line - 1, 0 if declared is None else 1)
    lines.seek(0)
    for _ in range(skipped):
        lines.readline()
    if declared is None and skipped:
        place = lines.tell()
        first = lines.readline()
        lines.seek(place)
    mark = delimiter or (declared[1] if declared else _delimiter(first))
    return DelimitedLayout(skipped=skipped, delimiter=mark)


def _lines_of(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")


def _watch(table: Table, header: Header, delimiter: str) -> SwallowedRows:
    key = header.picked[table.columns.index(table.keys[0])] if table.keys else None
    cell = key if isinstance(key, int) else None
    return SwallowedRows(table, delimiter, header.width, cell)


def _line_of_header(lines: Iterable[str], keys: Iterable[str], delimiter: str | None) -> int:
    """Return the number of the first line that has all keys as cells; 0 if none has."""
    wanted = [*keys]
    for number, line in enumerate(islice(lines, _SEARCHED), start=1):
        cells = next(csv.reader([line.strip("\r\n")], delimiter=delimiter or _delimiter(line)), [])
        if is_header(cells, wanted):
            return number
    return 0


def _delimiter(header: str) -> str:
    """Return the most likely separator of a header, ignoring quoted names."""
    return max(_DELIMITERS, key=_QUOTED.sub("", header).count)


def _records(
    lines: Iterable[str],
    file: str,
    findings: Findings,
    delimiter: str,
    *,
    skipped: int,
    watched: Sequence[SwallowedRows],
) -> Iterator[Record]:
    """Yield row number, line number and cells of every row that is not blank.

    Every row that spans several lines is passed to `watched`.
    """
    limit = csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL * 4))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1 + skipped
    try:
        for number, cells in enumerate(reader, start=1 + skipped):
            last = reader.line_num + skipped
            if any(cells):
                values = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in cells]
                record = Record(number, line, values)
                for swallowed in watched if last > line else ():
                    swallowed.look_at(record, last_line=last)
                yield record
            line = last + 1
    except csv.Error as error:
        complaint = f"the row that starts here cannot be read: {_reason(error)}"
        findings.error(complaint, at=Place(file, line), code="feed-row")
    finally:
        csv.field_size_limit(limit)


def _reason(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened and never closed"
    if "expected after" in text:
        return "text follows a closing quote; a quote inside a quoted cell is written twice"
    return text
