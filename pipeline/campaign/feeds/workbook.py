"""Reading Excel workbooks; imported only if a campaign uses one (extra `xlsx`)."""

import importlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from pipeline.campaign.feeds.rows import Record, check_columns, check_keys, fill, fitting
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Findings, Place, refusal
from pipeline.suggestions import did_you_mean

_openpyxl = importlib.import_module("openpyxl")

_UNPACKED_LIMIT = 512 * 1024 * 1024


def read_sheet(
    content: bytes, table: Table, findings: Findings, *, sheet: str | None, at: Place
) -> None:
    """Fill a table from one sheet; empty cells become empty texts, formulas their result."""
    start = Place(table.file)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > _UNPACKED_LIMIT:
            raise refusal("unpacks to more than 512 MB", at=start, code="file-size")
        book = _openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise refusal("is not a readable xlsx file", at=start, code="feed-row") from error
    names = book.sheetnames
    if sheet is not None and sheet not in names:
        complaint = f"has no sheet {sheet}{did_you_mean(sheet, names)}"
        raise refusal(complaint, at=start, code="feed-row")
    rows = _rows(book[sheet or names[0]].iter_rows(values_only=True))
    header = next(rows, None)
    if header is None:
        raise refusal("is empty; a header row is missing", at=start, code="feed-empty")
    columns = [str(column).strip() for column in header.values]
    while columns and not columns[-1]:
        columns.pop()
    if check_columns(columns, findings, at=start):
        table.columns = tuple(columns)
        if check_keys(table, findings, at=at):
            whole = (_padded(row, len(columns)) for row in rows)
            fill(table, fitting(whole, table, findings), findings)


def _rows(sheet: Iterator[Sequence[object]]) -> Iterator[Record]:
    for number, cells in enumerate(sheet, start=1):
        values = [_value(cell) for cell in cells]
        if any(value != "" for value in values):
            yield Record(number, number, values)


def _padded(row: Record, width: int) -> Record:
    """Return a row with the empty cells that Excel leaves out at its end."""
    missing = width - len(row.values)
    return Record(row.number, row.line, [*row.values, *[""] * missing])


def _value(cell: object) -> object:
    """Return a cell as text or number; Excel does not keep how a number was typed."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() else Decimal(repr(cell))
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return cell
