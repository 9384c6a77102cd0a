"""Reading JSON, JSON lines and YAML: lists of mappings, with numbers kept as written."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.campaign.feeds.header import Record, read_header
from pipeline.campaign.feeds.rows import fill
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Findings, Place, refusal
from pipeline.campaign.reading.document import parse, plain_scalar
from pipeline.campaign.reading.located import LocatedList

_LARGEST = float("1e308")
Entry = tuple[int, int, object]
"""A row number, its line, and the value."""


def read_json(text: str, table: Table, findings: Findings, *, at: Place) -> None:
    """Fill a table from a JSON list of objects."""
    rows = _loads(text, Place(table.file, 1))
    if not isinstance(rows, list):
        inner = rows if isinstance(rows, dict) else {}
        lists = [key for key, one in inner.items() if isinstance(one, list)]
        hint = f"; save only the list under {lists[0]}" if len(lists) == 1 else ""
        raise refusal(
            f"must contain a list of objects{hint}", at=Place(table.file, 1), code="feed-row"
        )
    _fill(table, [(n, 0, row) for n, row in enumerate(rows, start=1)], findings, at=at)


def read_json_lines(text: str, table: Table, findings: Findings, *, at: Place) -> None:
    """Fill a table from JSON objects, one per line; a row's number is its line."""
    lines = enumerate(text.split("\n"), start=1)
    entries = (
        (number, number, _loads(line, Place(table.file, number)))
        for number, line in lines
        if line.strip()
    )
    _fill(table, list(entries), findings, at=at)


def read_yaml(text: str, table: Table, findings: Findings, *, at: Place) -> None:
    """Fill a table from a YAML list of mappings."""
    rows, found = parse(text, file=table.file)
    for finding in found.all:
        findings.add(finding)
    if not isinstance(rows, LocatedList):
        raise refusal("must contain a list of mappings", at=Place(table.file, 1), code="feed-row")
    entries = [(n + 1, rows.places[n].line, row) for n, row in enumerate(rows)]
    _fill(table, entries, findings, at=at)


def _loads(text: str, at: Place) -> object:
    try:
        return json.loads(
            text,
            parse_int=plain_scalar,
            parse_float=lambda number: _number(number, at),
            parse_constant=lambda word: _no_number(word, at),
            object_pairs_hook=lambda pairs: _once(pairs, at),
        )
    except json.JSONDecodeError as error:
        place = Place(at.file, at.line + error.lineno - 1, error.colno)
        complaint = f"not readable as JSON: {error.msg}"
        if error.msg == "Extra data" and text.lstrip().startswith("{"):
            complaint += "; objects that follow each other, one a line, are a .jsonl file"
        raise refusal(complaint, at=place, code="feed-row") from error
    except RecursionError as error:
        raise refusal("is nested too deeply", at=at, code="feed-row") from error


def _once(pairs: Sequence[tuple[str, object]], at: Place) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        key, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise refusal(f"the key {key} is in one object twice", at=at, code="feed-row")
    return made


def _number(text: str, at: Place) -> object:
    if abs(float(text)) > _LARGEST:
        _no_number(text, at)
    return plain_scalar(text)


def _no_number(word: str, at: Place) -> object:
    raise refusal(f"{word} is not a number that can be written", at=at, code="feed-cell")


def _fill(table: Table, entries: Sequence[Entry], findings: Findings, *, at: Place) -> None:
    start = Place(table.file, 1)
    if not entries:
        findings.error("is empty; rows are missing", at=start, code="feed-empty")
        return
    names = list(
        dict.fromkeys(key for _, _, row in entries if isinstance(row, Mapping) for key in row)
    )
    header = read_header(Record(1, 1, names), (), table, findings, at=at)
    if header is not None:
        fill(table, _rows(entries, names, table, findings), header, findings)


def _rows(
    entries: Iterable[Entry], names: Sequence[str], table: Table, findings: Findings
) -> Iterator[Record]:
    for number, line, row in entries:
        if isinstance(row, Mapping):
            yield Record(number, line, [row.get(name) for name in names])
        else:
            complaint = f"row {number} is not a mapping of columns to values"
            findings.error(complaint, at=Place(table.file, line), code="feed-row")
