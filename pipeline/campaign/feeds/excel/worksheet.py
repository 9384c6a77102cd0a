"""Reading one sheet of a workbook as a stream of rows."""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import IO
from xml.parsers import expat

from pipeline.campaign.feeds.excel.number_formats import Shown, iso, plain
from pipeline.campaign.feeds.table import Unusable

_CHUNK = 1 << 16
_LAST_COLUMN = 16_384
_KEPT_DIGITS = 15
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
Attributes = Mapping[str, str]


class BrokenWorkbook(Exception):
    """A workbook that cannot be read; the message says why."""


class XmlReader:
    """Reads the elements of one XML part; subclasses handle those that they need.

    A document type is refused: no program writes one into a workbook, and the entities in it may
    grow without bounds.
    """

    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._text: list[str] = []

    def read(self, stream: IO[bytes]) -> None:
        """Read a whole part."""
        for _ in self.chunks(stream):
            pass

    def chunks(self, stream: IO[bytes]) -> Iterator[None]:
        """Read a part piece by piece."""
        while chunk := stream.read(_CHUNK):
            self._parser.Parse(chunk, False)  # noqa: FBT003  expat's own signature
            yield
        self._parser.Parse(b"", True)  # noqa: FBT003  as above
        yield

    def open(self, name: str, attributes: Attributes) -> None:
        """Handle the begin of an element."""

    def close(self, name: str) -> None:
        """Handle the end of an element."""

    def collect(self) -> None:
        """Begin to collect text."""
        self._text.clear()
        self._parser.CharacterDataHandler = self._text.append

    def collected(self) -> str:
        """Return the text since `collect`, and stop collecting."""
        self._parser.CharacterDataHandler = None
        return "".join(self._text)

    def _start(self, name: str, attributes: Attributes) -> None:
        self.open(name.rpartition(" ")[2], attributes)

    def _end(self, name: str) -> None:
        self.close(name.rpartition(" ")[2])

    def _doctype(self, *_: object) -> None:
        raise BrokenWorkbook("holds a DOCTYPE, which no workbook has; save it anew in Excel")


class TextReader(XmlReader):
    """Reads texts: those of `<t>` elements, without the phonetic ones of Japanese."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._phonetic = False

    def open(self, name: str, attributes: Attributes) -> None:
        """Handle the begin of an element."""
        if name == "t" and not self._phonetic:
            self.collect()
        elif name == "rPh":
            self._phonetic = True

    def close(self, name: str) -> None:
        """Handle the end of an element."""
        if name == "t" and not self._phonetic:
            self.parts.append(self.collected())
        elif name == "rPh":
            self._phonetic = False

    def joined(self) -> str:
        """Return the texts since the last call as one, with their escapes resolved."""
        text = "".join(self.parts)
        self.parts.clear()
        if "_x" in text:
            text = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetStyle:
    """The shared texts and number formats that cells refer to."""

    texts: Sequence[str]
    formats: Sequence[Shown]
    """By the number of a cell's style."""


@dataclass(slots=True)
class SheetRow:
    """One row: its number, and its values by column from 0."""

    number: int
    hidden: bool = False
    values: dict[int, object] = field(default_factory=dict)


class SheetReader(TextReader):
    """Reads the rows of a sheet.

    Its `<dimension>` is ignored, since programs that add rows often do not update it. Rows and
    cells may come in any order.
    """

    def __init__(self, style: SheetStyle) -> None:
        super().__init__()
        self.style = style
        self.merged: list[str] = []
        """Ranges of merged cells, such as `A1:C1`; known when all rows have been read."""
        self.cut: list[tuple[int, int]] = []
        """Row and column of each number that has more digits than Excel keeps."""
        self._ready: list[SheetRow] = []
        self._row = SheetRow(0)
        self._column = -1
        self._cell: Attributes = {}
        self._value = ""
        self._formula = False

    def rows(self, stream: IO[bytes]) -> Iterator[SheetRow]:
        """Yield every row in the order of the file."""
        for _ in self.chunks(stream):
            yield from self._ready
            self._ready.clear()

    def open(self, name: str, attributes: Attributes) -> None:
        """Handle the begin of an element."""
        if name == "c":
            self._cell, self._value, self._formula = attributes, "", False
            reference = attributes.get("r")
            self._column = column_of(reference) if reference else self._column + 1
        elif name == "v":
            self.collect()
        elif name == "row":
            number = int(float(attributes.get("r", self._row.number + 1)))
            self._row = SheetRow(number, attributes.get("hidden") in ("1", "true"))
            self._column = -1
        elif name == "f":
            self._formula = True
        elif name == "mergeCell":
            self.merged.append(attributes.get("ref", ""))
        else:
            super().open(name, attributes)

    def close(self, name: str) -> None:
        """Handle the end of an element."""
        if name == "c":
            value = self._read_cell()
            if value != "":
                self._row.values[self._column] = value
        elif name == "v":
            self._value = self.collected()
        elif name == "row":
            self._ready.append(self._row)
        else:
            super().close(name)

    def _read_cell(self) -> object:
        kind, value = self._cell.get("t", "n"), self._value
        if kind == "inlineStr":
            return self.joined()
        if not value:
            missing = self._formula and kind != "str"
            return Unusable(self._no_result()) if missing else ""
        if kind == "n":
            if len(value) > _KEPT_DIGITS and abs(float(value)) >= 10**_KEPT_DIGITS:
                self.cut.append((self._row.number, self._column))
            style, formats = int(self._cell.get("s", 0)), self.style.formats
            return (formats[style] if style < len(formats) else plain)(value)
        if kind == "s":
            return self.style.texts[int(value)]
        if kind == "b":
            return value in ("1", "true")
        if kind == "d":
            return iso(datetime.fromisoformat(value))
        self.parts.append(value)
        return self.joined()

    def _no_result(self) -> str:
        place = f"{letters_of(self._column)}{self._row.number}"
        return f"{place} is a formula without a result; open the file in Excel and save it"


def column_of(reference: str) -> int:
    """Return the column of a cell's name from 0: 27 for `AB7`."""
    return _number_of(reference.rstrip(string.digits))


@cache
def _number_of(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = column * 26 + string.ascii_uppercase.index(letter) + 1
    if not 1 <= column <= _LAST_COLUMN:
        raise ValueError(letters)
    return column - 1


def letters_of(column: int) -> str:
    """Return the letters of a column that is counted from 0: `AB` for 27."""
    letters, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = string.ascii_uppercase[rest] + letters
    return letters


def corners(reference: str) -> tuple[int, int, int, int] | None:
    """Return first row, first column, last row and last column of a range, or `None`.

    Rows count from 1, columns from 0.
    """
    first, _, last = reference.partition(":")
    ends = _REFERENCE.fullmatch(first), _REFERENCE.fullmatch(last or first)
    if ends[0] is None or ends[1] is None:
        return None
    return int(ends[0][2]), column_of(first), int(ends[1][2]), column_of(last or first)
