"""Adding columns to a CSV or TSV feed; every other byte of it stays as it is."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pipeline.campaign.feeds.delimited import layout_of
from pipeline.campaign.feeds.header import column_name
from pipeline.campaign.feeds.rows import LONGEST_CELL

_BOM = "\ufeff"


class _RawRow(NamedTuple):
    """One row as it stands in the file."""

    number: int
    names: Sequence[str]
    """Its cells."""
    text: str
    """With its line break, if it has one."""


def add_columns(
    content: bytes,
    columns: Sequence[str],
    values: Mapping[int, Sequence[str]],
    *,
    delimiter: str | None = None,
    header_line: int = 1,
) -> bytes:
    """Return a feed with these columns; those that it has already are filled in where they are.

    `values` has the cells of a row by its number, which is that of `Table.numbers`; other rows get
    empty ones. Rows above the header and blank rows stay as they are.
    """
    text = content.decode("utf-8")
    start = _BOM if text.startswith(_BOM) else ""
    lines = io.StringIO(text.removeprefix(_BOM), newline="")
    layout = layout_of(lines, delimiter=delimiter, header_line=header_line)
    mark, begin = layout.delimiter, lines.tell()
    rows = [*_raw_rows(lines, mark, first=1 + layout.skipped)]
    header = next((row for row in rows if any(row.names)), None)
    if header is None:
        return content
    names = [column_name(name) for name in header.names]
    width = max(len(row.names) for row in rows)
    places = _places(columns, names, width)
    quoted = all(field.startswith('"') for field in _raw_fields(_body(header.text), mark))
    written = [start, lines.getvalue()[:begin]]
    for row in rows:
        if not any(row.names):
            written.append(row.text)
            continue
        cells = columns if row is header else values.get(row.number, [""] * len(columns))
        fields = [*_raw_fields(_body(row.text), mark)]
        fields += [""] * (max(places, default=0) + 1 - len(fields))
        for place, cell in zip(places, cells, strict=True):
            fields[place] = _field(cell, mark, quoted=quoted)
        written.append(mark.join(fields) + row.text[len(_body(row.text)) :])
    return "".join(written).encode()


def _places(columns: Sequence[str], names: Sequence[str], width: int) -> list[int]:
    """Return the place of each column: where the header has it, else behind all others."""
    places = []
    for name in columns:
        if name in names:
            places.append(names.index(name))
        else:
            places.append(width)
            width += 1
    return places


def _raw_rows(lines: io.StringIO, delimiter: str, *, first: int) -> Iterator[_RawRow]:
    taken: list[str] = []

    def watched() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    limit = csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL * 4))
    try:
        reader = csv.reader(watched(), delimiter=delimiter, strict=True)
        for number, cells in enumerate(reader, start=first):
            yield _RawRow(number, cells, "".join(taken))
            taken.clear()
    finally:
        csv.field_size_limit(limit)


def _body(text: str) -> str:
    """Return a row without the line break at its end."""
    return text.removesuffix("\n").removesuffix("\r")


def _raw_fields(text: str, delimiter: str) -> Iterator[str]:
    """Yield the cells of a row as written, with their quotes."""
    start = at = 0
    while True:
        if text[at : at + 1] == '"':
            at = _closing_quote(text, at) + 1
        end = text.find(delimiter, at)
        if end < 0:
            yield text[start:]
            return
        yield text[start:end]
        start = at = end + 1


def _closing_quote(text: str, at: int) -> int:
    at = text.index('"', at + 1)
    while text[at + 1 : at + 2] == '"':
        at = text.index('"', at + 2)
    return at


def _field(cell: str, delimiter: str, *, quoted: bool) -> str:
    if quoted or any(character in cell for character in (delimiter, '"', "\r", "\n")):
        doubled = cell.replace('"', '""')
        return f'"{doubled}"'
    return cell
