"""Detecting rows that an unclosed quote has made the text of one cell."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pipeline.campaign.feeds.header import Record
from pipeline.campaign.feeds.table import KEY_JOINT, Table
from pipeline.campaign.findings import Findings, Place
from pipeline.suggestions import listing

_MOST = 50
"""Most suspects that are kept."""
_MOST_KEYS = 2000
"""Most keys that are compared with those of suspects by their form."""
_NAMED = 3
"""Most keys that a complaint names."""
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Suspect:
    """A text of several lines, each of which has the form of a row."""

    row: int
    line: int
    last_line: int
    column: int
    keys: tuple[str, ...]
    rows: int


@dataclass(slots=True)
class SwallowedRows:
    """Finds quoted texts whose lines look like rows.

    A text may contain line breaks. It is a suspect if each of its lines has as many cells as the
    table has columns. Prose is not, since it has a space after a comma.
    """

    table: Table
    delimiter: str
    width: int
    key: int | None
    """The cell of a row that is the first part of its key."""
    _suspects: list[_Suspect] = field(default_factory=list)

    def look_at(self, record: Record, *, last_line: int) -> None:
        """Look at a row that spans several lines."""
        for column, cell in enumerate(record.values):
            if not isinstance(cell, str) or "\n" not in cell or len(self._suspects) >= _MOST:
                continue
            first, *inner, last = cell.split("\n")
            rows: list[list[object]] = [
                [*record.values[:column], *self._cells(first)],
                *(self._cells(line) for line in inner if line.strip()),
                [*self._cells(last), *record.values[column + 1 :]],
            ]
            if all(self._is_row(row) for row in rows):
                named = [] if self.key is None else [str(row[self.key]) for row in rows[1:]]
                suspect = _Suspect(
                    row=record.number,
                    line=record.line,
                    last_line=last_line,
                    column=column,
                    keys=tuple(key for key in named if key),
                    rows=len(rows) - 1,
                )
                self._suspects.append(suspect)

    def report(self, findings: Findings) -> None:
        """Report the suspects: as errors if their keys look like those of other rows."""
        keys = (key.partition(KEY_JOINT)[0] for key in islice(self.table.index, _MOST_KEYS))
        forms = {_form(key) for key in keys} if self._suspects else set()
        for suspect in self._suspects:
            rows = "a row" if suspect.rows == 1 else f"{suspect.rows} rows"
            named = f" ({listing(suspect.keys[:_NAMED], last='and')})" if suspect.keys else ""
            complaint = (
                f"row {suspect.row}: a quote opens in column {suspect.column + 1} and closes on "
                f"line {suspect.last_line}, and the text between looks like {rows}{named}; "
                "write a lone quote twice within quotes, or delete it"
            )
            alike = any(_form(key) in forms for key in suspect.keys)
            sure = alike or self.delimiter in "\t|"
            note = findings.error if sure else findings.warning
            note(complaint, at=Place(self.table.file, suspect.line), code="feed-row")

    def _cells(self, line: str) -> list[object]:
        written = line.replace('"', '""')  # as it stands in the file
        return [*next(csv.reader([written], delimiter=self.delimiter), [])] or [""]

    def _is_row(self, row: Sequence[object]) -> bool:
        cells = [*row]
        while len(cells) > self.width and cells[-1] == "":
            cells.pop()
        return len(cells) == self.width > 1 and not _is_prose(cells)


def _is_prose(cells: Iterable[object]) -> bool:
    return any(isinstance(cell, str) and cell.startswith(" ") for cell in cells)


def _form(key: str) -> str:
    """Return the form of a key: `a-9` for `SKU-330`."""
    return _DIGITS.sub("9", _LETTERS.sub("a", key.strip()))
