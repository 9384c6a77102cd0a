"""The images of a report as text, kept until the totals, which precede them, are known."""

import csv
import io
import json
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path

from pipeline.errors import LocalFault
from pipeline.reports.table_cells import inert

HELD = 8 * 1024 * 1024
"""Most bytes of text kept in memory; more is kept in a temporary file."""
PIECE = 1024 * 1024

_LINE = json.JSONEncoder(ensure_ascii=False, check_circular=False)


class ImageRows:
    """The images of a run manifest: as lines of JSON, and as rows of a CSV table."""

    def __init__(self, columns: Sequence[str], *, scratch: Path | None = None) -> None:
        """`columns` are those of the table; `scratch` is a folder for temporary files."""
        self._cells = itemgetter(*columns)
        self._images = _SpooledText(scratch)
        self._table = _SpooledText(scratch)
        self._table.write(_rows([columns]))

    def add(self, images: Sequence[Mapping[str, object]]) -> None:
        """Append images of the run manifest; raise `LocalFault` if the disk is full."""
        self._images.write("".join([_LINE.encode(image) + "\n" for image in images]))
        self._table.write(_rows([inert(self._cells(image)) for image in images]))

    def images(self) -> Iterator[bytes]:
        """Yield each image as a line of JSON, with its line break."""
        return self._images.lines()

    def table(self) -> Iterator[bytes]:
        """Yield the table; cells that a spreadsheet would read as formulas get an apostrophe."""
        return self._table.pieces()


class _SpooledText:
    """Text in memory or in a temporary file, which is removed with this object."""

    def __init__(self, scratch: Path | None) -> None:
        folder = None if scratch is None else str(scratch)
        with ExitStack() as stack:
            self._file = stack.enter_context(
                tempfile.SpooledTemporaryFile(max_size=HELD, dir=folder)
            )
            weakref.finalize(self, stack.pop_all().close)

    def write(self, text: str) -> None:
        try:
            self._file.write(text.encode("utf-8", "surrogatepass"))
        except OSError as error:
            raise LocalFault(f"cannot write a temporary file: {error.strerror}") from error

    def lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        yield from self._file

    def pieces(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(PIECE):
            yield piece


def _rows(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
