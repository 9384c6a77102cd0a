"""Reading Excel workbooks: the parts of the package, and one of its sheets as a table.

No package is used for this: the existing ones rely on a sheet's `<dimension>`, and return neither
the text of a formatted number nor the fact that a formula has no result.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from typing import IO
from xml.parsers.expat import ExpatError

from pipeline.campaign.feeds.excel.number_formats import (
    BUILT_IN,
    EPOCH_1900,
    EPOCH_1904,
    Shown,
    plain,
    shown_by,
)
from pipeline.campaign.feeds.excel.worksheet import (
    Attributes,
    BrokenWorkbook,
    SheetReader,
    SheetStyle,
    TextReader,
    XmlReader,
    corners,
    letters_of,
)
from pipeline.campaign.feeds.header import Header, Record, read_header
from pipeline.campaign.feeds.rows import fill
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Findings, Place, refusal
from pipeline.suggestions import did_you_mean

_UNPACKED_LIMIT = 512 * 1024 * 1024
_MOST_TEXTS = 8_000_000
_NOT_READABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ExpatError,
    LookupError,
    ValueError,
    OverflowError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)
"""Errors that zipfile, expat and conversions raise for a damaged or encrypted file."""


def read_sheet(
    content: bytes,
    table: Table,
    findings: Findings,
    *,
    sheet: str | None,
    header_row: int = 1,
    at: Place,
) -> None:
    """Fill a table from one sheet; empty cells become empty texts, formulas their result."""
    start = Place(table.file)
    try:
        package = WorkbookPackage(content)
        part = package.part_of(sheet, at=start)
        _Sheet(package, part, table, findings).fill(header_row, at=at)
    except BrokenWorkbook as broken:
        raise refusal(str(broken), at=start, code="feed-row") from broken
    except _NOT_READABLE as error:
        raise refusal("is not a readable xlsx file", at=start, code="feed-row") from error


class _Sheet:
    """Fills a table from one sheet, and reports hidden rows, merged cells and cut numbers."""

    def __init__(
        self, package: "WorkbookPackage", part: str, table: Table, findings: Findings
    ) -> None:
        self.table = table
        self.findings = findings
        self._stream = package.open(part)
        self._reader = SheetReader(package.style())
        self._hidden: list[int] = []

    def fill(self, header_row: int, *, at: Place) -> None:
        """Read the header and the rows below it."""
        rows = dropwhile(lambda row: row.number < header_row, self._records())
        first = next(rows, None)
        if first is None:
            start = Place(self.table.file)
            raise refusal("is empty; a header row is missing", at=start, code="feed-empty")
        header = read_header(first, rows, self.table, self.findings, at=at, asked=header_row)
        self._hidden.clear()
        if header is not None:
            fill(self.table, header.padded(rows), header, self.findings)
            self._note_cut(header)
            self._note_hidden()
            self._note_merged(first.number, header)

    def _records(self) -> Iterator[Record]:
        with self._stream as stream:
            for row in self._reader.rows(stream):
                if row.values:
                    cells: list[object] = [""] * (max(row.values) + 1)
                    for column, value in row.values.items():
                        cells[column] = value
                    if row.hidden:
                        self._hidden.append(row.number)
                    yield Record(row.number, row.number, cells)

    def _note_cut(self, header: Header) -> None:
        inside = [place for place in self._reader.cut if place[1] < header.width]
        if inside:
            row, column = inside[0]
            more = f" (and {len(inside) - 1} more cells)" if len(inside) > 1 else ""
            complaint = f"{letters_of(column)}{row}{more} has more digits than Excel keeps"
            way = "format the column as text, and enter them again"
            at = Place(self.table.file, row)
            self.findings.warning(f"{complaint}; {way}", at=at, code="feed-cell")

    def _note_hidden(self) -> None:
        if self._hidden:
            count, first = len(self._hidden), self._hidden[0]
            rows = "1 row is" if count == 1 else f"{count} rows are"
            complaint = f"{rows} hidden in Excel, and read all the same; leave them out with where"
            at = Place(self.table.file, first)
            self.findings.warning(complaint, at=at, code="feed-row")

    def _note_merged(self, first_row: int, header: Header) -> None:
        ranges = [one for one in map(corners, self._reader.merged) if one is not None]
        inside = [
            (one, name)
            for one, name in zip(ranges, self._reader.merged, strict=False)
            if one[2] >= first_row and one[1] < header.width
        ]
        if inside:
            (row, *_), name = inside[0]
            more = f" (and {len(inside) - 1} more ranges)" if len(inside) > 1 else ""
            complaint = f"the cells {name} are merged{more}, so only the first one has the value"
            way = "unmerge them, and fill in the others"
            at = Place(self.table.file, row)
            self.findings.warning(f"{complaint}; {way}", at=at, code="feed-row")


@dataclass(frozen=True, kw_only=True, slots=True)
class _SheetEntry:
    name: str
    part: str
    hidden: bool


class WorkbookPackage:
    """The parts of a workbook, found by their relationships."""

    def __init__(self, content: bytes) -> None:
        self._packed = zipfile.ZipFile(io.BytesIO(content))
        parts = self._packed.infolist()
        if sum(part.file_size for part in parts) > _UNPACKED_LIMIT:
            raise BrokenWorkbook("unpacks to more than 512 MB")
        self._names = {_plain(part.filename): part for part in parts}
        roots = self._related("")
        self._book = next(
            (target for kind, target in roots.values() if kind == "officeDocument"),
            "xl/workbook.xml",
        )
        self._parts = self._related(self._book)
        self._index = _BookReader()
        with self.open(self._book) as stream:
            self._index.read(stream)

    def open(self, part: str) -> IO[bytes]:
        """Open a part; `KeyError` if there is none of that name."""
        return self._packed.open(self._names[_plain(part)])

    def name_of(self, part: str) -> str:
        """Return the name of a part as the file has it."""
        return self._names[_plain(part)].filename

    def part_of(self, sheet: str | None, *, at: Place) -> str:
        """Return the part of a sheet; of none, that of the first visible one.

        `CampaignError` if there is no sheet of that name.
        """
        named = {one.name: one for one in self.sheets()}
        if sheet is not None and sheet not in named:
            complaint = f"has no sheet {sheet}{did_you_mean(sheet, named)}"
            raise refusal(complaint, at=at, code="feed-row")
        shown = [one for one in named.values() if not one.hidden] or list(named.values())
        return named[sheet].part if sheet is not None else shown[0].part

    def sheets(self) -> list[_SheetEntry]:
        """Return the sheets that hold cells, in the order of their tabs."""
        found = []
        for name, relation, state in self._index.sheets:
            kind, part = self._parts[relation]
            if kind == "worksheet":
                found.append(_SheetEntry(name=name, part=part, hidden=state != "visible"))
        if not found:
            raise BrokenWorkbook("holds no sheet with cells")
        return found

    def style(self) -> SheetStyle:
        """Return the shared texts and the number formats."""
        texts, styles = _SharedTexts(), _StyleReader(self._index.epoch)
        readers: Mapping[str, XmlReader] = {"sharedStrings": texts, "styles": styles}
        for kind, part in self._parts.values():
            if kind in readers and _plain(part) in self._names:
                with self.open(part) as stream:
                    readers[kind].read(stream)
        return SheetStyle(texts=texts.texts, formats=styles.formats)

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """Return kind and name of every part that a part refers to, by the id of the relation."""
        folder, name = posixpath.split(part)
        reader = _RelationReader()
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        if _plain(relations) in self._names:
            with self.open(relations) as stream:
                reader.read(stream)
        return {
            relation: (kind, posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/"))
            for relation, (kind, target) in reader.relations.items()
        }


def _plain(name: str) -> str:
    """Return a part's name for comparison, since programs differ in case and slashes."""
    return name.replace("\\", "/").lstrip("/").casefold()


class _RelationReader(XmlReader):
    def __init__(self) -> None:
        super().__init__()
        self.relations: dict[str, tuple[str, str]] = {}

    def open(self, name: str, attributes: Attributes) -> None:
        if name == "Relationship":
            kind = attributes["Type"].rpartition("/")[2]
            self.relations[attributes["Id"]] = (kind, attributes["Target"])


class _BookReader(XmlReader):
    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, str]] = []
        """Name, relation and state of each sheet."""
        self.epoch: datetime = EPOCH_1900

    def open(self, name: str, attributes: Attributes) -> None:
        if name == "sheet":
            relation = next(value for key, value in attributes.items() if key.endswith(" id"))
            state = attributes.get("state", "visible")
            self.sheets.append((attributes["name"], relation, state))
        elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.epoch = EPOCH_1904


class _SharedTexts(TextReader):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def close(self, name: str) -> None:
        super().close(name)
        if name == "si":
            self.texts.append(self.joined())
            if len(self.texts) > _MOST_TEXTS:
                raise BrokenWorkbook(f"holds more than {_MOST_TEXTS} texts")


class _StyleReader(XmlReader):
    """Reads how the numbers of each cell style are shown."""

    def __init__(self, epoch: datetime) -> None:
        super().__init__()
        self.epoch = epoch
        self.formats: list[Shown] = []
        self._codes: dict[int, str] = dict(BUILT_IN)
        self._made: dict[int, Shown] = {}
        self._inside = False

    def open(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            self._codes[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside:
            self.formats.append(self._shown(int(attributes.get("numFmtId", 0))))

    def close(self, name: str) -> None:
        if name == "cellXfs":
            self._inside = False

    def _shown(self, number: int) -> Shown:
        if number not in self._made:
            code = self._codes.get(number)
            self._made[number] = shown_by(code, epoch=self.epoch) if code else plain
        return self._made[number]
