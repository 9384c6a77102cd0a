"""The product feed with what became of each row: status, file, public URL and alternative text."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.campaign.feeds.added_columns import add_columns
from pipeline.campaign.feeds.excel.added_cells import add_cells
from pipeline.campaign.feeds.excel.worksheet import BrokenWorkbook
from pipeline.campaign.feeds.remote import is_url
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.grammar.matrix import TablePart
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.axis import Axis
from pipeline.errors import LocalFault, UsageError
from pipeline.files.unreadable import read_file
from pipeline.model.campaign import Cell
from pipeline.model.names import CellName
from pipeline.reports.export.package import ExportFile, file_of
from pipeline.reports.table_cells import inert
from pipeline.suggestions import listing

COLUMNS = ("pipeline_status", "pipeline_file", "pipeline_public_url", "pipeline_alt_text")
"""What is added; with several cells a row, once for each, named by their other axes."""
FOLDER = "feed"
_DELIMITED = {".csv": None, ".tsv": "\t"}
_WORKBOOK = ".xlsx"


@dataclass(frozen=True, kw_only=True, slots=True)
class CellDelivery:
    """What became of a cell."""

    status: str
    """`ready`, `rejected`, or why there is no file."""
    file: str = ""
    public_url: str = ""
    alt_text: str = ""

    @property
    def values(self) -> tuple[str, str, str, str]:
        """The values of its columns."""
        return self.status, self.file, self.public_url, self.alt_text


def feed_table(loaded: LoadedCampaign) -> tuple[Axis, Table]:
    """Return the axis that comes from the product feed, and its table; `UsageError` if none does.

    That is the axis `product`, or else the only one that comes from a table.
    """
    found = [(axis, axis.table) for axis in loaded.matrix.axes if axis.table is not None]
    products = [one for one in found if one[0].name == "product"]
    if not products and len(found) != 1:
        names = [axis.name for axis, _ in found]
        why = f"{listing(names, last='and')} do" if names else "no axis does"
        raise UsageError(
            f"--feed writes back the table that matrix.product comes from, and it comes from "
            f"none; {why}. Name a feed under data, and use it with product: {{from: NAME}}"
        )
    axis, table = (products or found)[0]
    if _ending(table) not in {*_DELIMITED, _WORKBOOK}:
        raise UsageError(f"--feed writes csv, tsv and xlsx files; {table.file} is none of them")
    return axis, table


def feed_file(
    loaded: LoadedCampaign, cells: Sequence[Cell], delivered: Mapping[CellName, CellDelivery]
) -> ExportFile:
    """Return the feed with its columns added; nothing else in it changes.

    `UsageError` if the feed cannot be written back, `LocalFault` if it changed meanwhile.
    """
    axis, table = feed_table(loaded)
    content = _unchanged(table)
    part = loaded.checked.file.data[table.name]
    columns, values = _columns(axis, table, cells, delivered)
    if _ending(table) == _WORKBOOK:
        try:
            content = add_cells(content, columns, values, sheet=part.sheet, header_row=part.header)
        except BrokenWorkbook as broken:
            raise UsageError(f"{table.file} {broken}") from broken
    else:
        content = add_columns(
            content,
            columns,
            {row: [str(cell) for cell in inert(texts)] for row, texts in values.items()},
            delimiter=part.delimiter or _DELIMITED[_ending(table)],
            header_line=part.header,
        )
    return file_of(f"{FOLDER}/{_name(part, table)}", content)


def _columns(
    axis: Axis,
    table: Table,
    cells: Sequence[Cell],
    delivered: Mapping[CellName, CellDelivery],
) -> tuple[list[str], dict[int, list[str]]]:
    """Return the names of the added columns, and their cells by row number."""
    sets: dict[str, int] = {}
    """The ids of the other axes → the place of its columns."""
    by_row: dict[int, dict[str, CellDelivery]] = {}
    rows = {identity: table.numbers[n] for n, identity in enumerate(axis.ids[: len(table.rows)])}
    for cell in cells:
        row = rows.get(dict(cell.axes)[axis.name])
        if row is not None:
            others = "/".join(identity for name, identity in cell.axes if name != axis.name)
            sets.setdefault(others, len(sets))
            known = delivered.get(cell.name, CellDelivery(status="not rendered"))
            by_row.setdefault(row, {})[others] = known
    names = [f"{name} {others}" if len(sets) > 1 else name for others in sets for name in COLUMNS]
    nothing = ("",) * len(COLUMNS)
    values = {
        row: [
            text
            for others in sets
            for text in (found[others].values if others in found else nothing)
        ]
        for row, found in by_row.items()
    }
    return names, values


def _ending(table: Table) -> str:
    return table.path.suffix.lower() if table.path is not None else ""


def _name(part: TablePart, table: Table) -> str:
    if is_url(part.source):
        return f"{table.name}{_ending(table)}"
    return PurePosixPath(table.file).name


def _unchanged(table: Table) -> bytes:
    place = table.path or Path(table.file)
    try:
        content = read_file(place)
    except OSError as error:
        raise UsageError(f"{table.file} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != table.sha256:
        raise LocalFault(f"{table.file} changed while it was exported; run it again")
    return content
