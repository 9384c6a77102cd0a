"""Reading CSV and TSV files, also with a BOM, `;`, CRLF or quoted newlines."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from pipeline.campaign.feeds.rows import (
    LONGEST_CELL,
    Record,
    check_columns,
    check_keys,
    fill,
    fitting,
)
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.reading.source import decode

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
"""A first line that tells Excel the separator; not part of the table."""
_UNQUOTED = "; a cell that contains the separator must be quoted"
_QUOTED = re.compile(r'"[^"]*"')


def read_delimited(
    content: bytes, table: Table, findings: Findings, *, delimiter: str | None, at: Place
) -> None:
    """Fill a table from the bytes of a CSV file; every cell is text.

    Lines are decoded one by one, so that a large feed is in memory only once.
    """
    decode(content, shown=table.file)
    lines = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    first = lines.readline()
    declared = _SEPARATOR.fullmatch(first.strip())
    if declared is None:
        lines.seek(0)
    mark = delimiter or (declared[1] if declared else _delimiter(first))
    records = _records(lines, table.file, findings, mark, skipped=0 if declared is None else 1)
    header = next(records, None)
    start = Place(table.file, header.line if header is not None else 1)
    if header is None or not any(header.values):
        findings.error("is empty; a header row is missing", at=start, code="feed-empty")
        return
    columns = [str(column).strip() for column in header.values]
    while columns and not columns[-1]:
        columns.pop()
    if not check_columns(columns, findings, at=start):
        return
    table.columns = tuple(columns)
    if check_keys(table, findings, at=at):
        fill(table, fitting(records, table, findings, too_long=_UNQUOTED), findings)


def _delimiter(header: str) -> str:
    """Return the most likely separator of a header, ignoring quoted names."""
    return max(_DELIMITERS, key=_QUOTED.sub("", header).count)


def _records(
    lines: Iterable[str], file: str, findings: Findings, delimiter: str, *, skipped: int
) -> Iterator[Record]:
    """Yield row number, line number and cells of every row that is not blank."""
    limit = csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL * 4))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1 + skipped
    try:
        for number, cells in enumerate(reader, start=1 + skipped):
            if any(cells):
                values = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in cells]
                yield Record(number, line, values)
            line = reader.line_num + 1 + skipped
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
