"""Adding columns to a sheet of a workbook; every other cell, formula and part stays as it is."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from pipeline.campaign.feeds.excel.workbook import WorkbookPackage
from pipeline.campaign.feeds.excel.worksheet import (
    Attributes,
    BrokenWorkbook,
    SheetReader,
    XmlReader,
    column_of,
    letters_of,
)
from pipeline.campaign.feeds.header import column_name
from pipeline.campaign.findings import Place

_TAG = re.compile(rb"<[^>\"']*(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")
_SPANS = re.compile(rb"\s+spans=(\"[^\"]*\"|'[^']*')")
_DIMENSION = re.compile(rb"(<(?:\w+:)?dimension\s[^>]*?ref=[\"'])([A-Z]+\d+)(?::([A-Z]+)(\d+))?")
_ENCODED = re.compile(rb"<\?xml[^>]*encoding=[\"'](?!utf-8|us-ascii)", re.IGNORECASE)
_LIKE_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def add_cells(
    content: bytes,
    columns: Sequence[str],
    values: Mapping[int, Sequence[str]],
    *,
    sheet: str | None = None,
    header_row: int = 1,
) -> bytes:
    """Return a workbook with these columns; those that it has already are filled in in place.

    `values` has the cells of a row by its number; other rows get none. The cells are texts, which
    Excel never reads as formulas. `BrokenWorkbook` if the workbook cannot be changed.
    """
    package = WorkbookPackage(content)
    part = package.name_of(package.part_of(sheet, at=Place("")))
    with package.open(part) as stream:
        xml = stream.read()
    if xml.startswith((b"\xff\xfe", b"\xfe\xff")) or _ENCODED.match(xml):
        raise BrokenWorkbook("is not encoded as UTF-8; save it anew in Excel")
    with package.open(part) as stream:
        rows = (row for row in SheetReader(package.style()).rows(stream) if row.values)
        header = next((row for row in rows if row.number >= header_row), None)
        last = max((max(row.values) for row in rows), default=0)
    if header is None:
        return content
    names = {column_name(name): column for column, name in header.values.items()}
    free = max(last, *header.values) + 1
    places: dict[str, int] = {}
    for name in columns:
        places[name] = names.get(name, free)
        free += name not in names
    cells = {header.number: columns, **values}
    edited = _edited(xml, [places[name] for name in columns], cells, header.number)
    return _replaced(content, part, edited)


@dataclass(slots=True)
class _RowXml:
    """Where one row stands in the XML of a sheet, in bytes."""

    number: int
    start: int
    end: int = 0
    """Where its end tag begins, or its only tag ends."""
    cells: list[tuple[int, int]] = field(default_factory=list)
    """Column of each cell, and where it begins."""


class _RowFinder(XmlReader):
    """Finds rows and cells as the reader of sheets numbers them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[_RowXml] = []
        self._column = -1

    def open(self, name: str, attributes: Attributes) -> None:
        """Handle the begin of an element."""
        at = self._parser.CurrentByteIndex
        if name == "row":
            before = self.rows[-1].number if self.rows else 0
            self.rows.append(_RowXml(int(float(attributes.get("r", before + 1))), at))
            self._column = -1
        elif name == "c":
            reference = attributes.get("r")
            self._column = column_of(reference) if reference else self._column + 1
            self.rows[-1].cells.append((self._column, at))

    def close(self, name: str) -> None:
        """Handle the end of an element."""
        if name == "row":
            self.rows[-1].end = self._parser.CurrentByteIndex


def _edited(
    xml: bytes, places: Sequence[int], cells: Mapping[int, Sequence[str]], header: int
) -> bytes:
    finder = _RowFinder()
    finder.read(io.BytesIO(xml))
    pieces, done = [], 0
    for row in finder.rows:
        if row.number < header:
            continue
        texts = cells.get(row.number, [""] * len(places))
        wanted = dict(zip(places, texts, strict=True))
        if any(wanted.values()) or any(column in wanted for column, _ in row.cells):
            text, end = _row(xml, row, wanted)
            pieces += [xml[done : row.start], text]
            done = end
    pieces.append(xml[done:])
    return _DIMENSION.sub(lambda found: _wider(found, max(places)), b"".join(pieces), count=1)


def _row(xml: bytes, row: _RowXml, wanted: Mapping[int, str]) -> tuple[bytes, int]:
    """Return a row with the wanted cells, and where it ends in the sheet as it was."""
    tag = _TAG.match(xml, row.start)
    if tag is None:
        raise BrokenWorkbook("has a row that cannot be changed; save it anew in Excel")
    opening = _SPANS.sub(b"", tag[0])
    prefix = opening[1 : opening.index(b"row")].decode()
    if opening.endswith(b"/>"):
        opening, rest, end = opening[:-2] + b">", f"</{prefix}row>".encode(), tag.end()
        kept: list[tuple[int, bytes]] = []
    else:
        ends = [at for _, at in row.cells[1:]] + [row.end]
        kept = [
            (column, xml[at:end])
            for (column, at), end in zip(row.cells, ends, strict=True)
            if column not in wanted
        ]
        rest, end = b"", row.end
        opening += xml[tag.end() : row.cells[0][1]] if row.cells else b""
    made = [
        (column, _cell(f"{letters_of(column)}{row.number}", text, prefix))
        for column, text in wanted.items()
        if text
    ]
    ordered = sorted([*kept, *made], key=lambda cell: cell[0])
    return opening + b"".join(text for _, text in ordered) + rest, end


def _cell(name: str, text: str, prefix: str) -> bytes:
    text = escape(_LIKE_ESCAPE.sub("_x005F_", _UNFIT.sub("", text)))
    return (
        f'<{prefix}c r="{name}" t="inlineStr"><{prefix}is><{prefix}t xml:space="preserve">{text}'
        f"</{prefix}t></{prefix}is></{prefix}c>"
    ).encode()


def _wider(found: "re.Match[bytes]", last: int) -> bytes:
    """Return the extent of a sheet with at least these columns."""
    first, column, row = found[2].decode(), found[3], found[4]
    if column is None:
        column, row = re.sub(r"\d", "", first).encode(), re.sub(r"\D", "", first).encode()
    wide = letters_of(max(last, column_of(column.decode())))
    return found[1] + f"{first}:{wide}{row.decode()}".encode()


def _replaced(content: bytes, part: str, xml: bytes) -> bytes:
    """Return a workbook with another content of one part."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            entry = zipfile.ZipInfo(info.filename, date_time=info.date_time)
            entry.compress_type, entry.external_attr = info.compress_type, info.external_attr
            new.writestr(entry, xml if info.filename == part else old.read(info))
    return out.getvalue()
