"""Opening a feed with the reader for its file extension."""

import codecs
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.campaign.cell_globs import composed
from pipeline.campaign.feeds.delimited import read_delimited
from pipeline.campaign.feeds.excel.workbook import read_sheet
from pipeline.campaign.feeds.objects import read_json, read_json_lines, read_yaml
from pipeline.campaign.feeds.table import Table
from pipeline.campaign.findings import Findings, Place, refusal
from pipeline.campaign.grammar.matrix import TablePart
from pipeline.campaign.reading.files import ReadableFile, where_named
from pipeline.campaign.reading.source import decode, read_bytes
from pipeline.errors import CampaignError
from pipeline.suggestions import listing

_SHEETS = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_RECOGNISED = 4096
"""Number of bytes by which the kind of a file is recognised."""
FEED_LIMIT = 512 * 1024 * 1024
"""Largest feed, in bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """The bytes of a feed and the table to fill from them."""

    content: bytes
    table: Table
    part: TablePart
    findings: Findings
    at: Place
    """The place in the campaign file that names the feed."""


Reader = Callable[[Feed], None]


def open_table(
    name: str, part: TablePart, *, readable: ReadableFile, findings: Findings, at: Place
) -> Table | None:
    """Read a feed into a table; report why and return `None` if it cannot be read."""
    written = (part.key,) if isinstance(part.key, str) else tuple(part.key or ())
    keys = tuple(composed(key) for key in written)
    filtered = part.where is not None
    table = Table(name=name, file=readable.shown, columns=(), keys=keys, filtered=filtered)
    table.path = readable.path
    reader = _READERS.get(readable.path.suffix.lower())
    if reader is None:
        ending = readable.path.suffix or readable.shown
        complaint = f"a feed's name ends in {listing(_READERS)}, not {ending}"
        complaint += _way_out(readable)
        findings.error(complaint, at=at, code="feed-kind", path=f"data.{name}.source")
        return None
    if part.header > 1 and reader not in {_comma, _tab, _sheet}:
        complaint = f"is for csv, tsv and xlsx files; {readable.shown} has no header row"
        findings.error(complaint, at=at, code="feed-header", path=f"data.{name}.header")
        return None
    own = Findings()
    try:
        content = read_bytes(readable.path, shown=readable.shown, limit=FEED_LIMIT)
        table.sha256 = hashlib.sha256(content).hexdigest()
        _recognise(content, readable, reader)
        reader(Feed(content=content, table=table, part=part, findings=own, at=at))
    except CampaignError as error:
        findings.merge(own)
        path = f"data.{name}.source"
        findings.extend(where_named(error, readable, at=at, path=path).findings)
        return None
    findings.merge(own)
    if not table.rows and table.columns and not own.failed:
        findings.error("has a header and no rows", at=Place(readable.shown, 1), code="feed-empty")
    keyed = all(key in table.columns for key in keys)
    return table if table.columns and keyed else None


def _way_out(readable: ReadableFile) -> str:
    """Return a hint at what to do with a file of another kind; empty if that is not clear."""
    if readable.path.suffix.lower() in _SHEETS:
        return "; save it as .xlsx or as CSV UTF-8"
    try:
        start = read_bytes(readable.path, shown=readable.shown, limit=FEED_LIMIT)[:_RECOGNISED]
    except CampaignError:
        return ""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "; this is Excel's Unicode Text: save it as CSV UTF-8 instead"
    first = start.splitlines()[0] if start else b""
    ending = ".tsv" if b"\t" in first else ".csv" if b";" in first or b"," in first else ""
    named = f"{readable.shown.removesuffix(readable.path.suffix)}{ending}"
    return f"; rename it to {named}, since it has the form of one" if ending else ""


def _recognise(content: bytes, readable: ReadableFile, reader: Reader) -> None:
    """Refuse content that is not a table, whatever the extension."""
    packed = reader is _sheet
    start = content[:64].lstrip().lower()
    complaint = ""
    if content.startswith(b"PK\x03\x04") and not packed:
        complaint = "is an Excel workbook or another zip file; a workbook's name ends in .xlsx"
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        complaint = "is an Excel file of the old kind; save it as .xlsx or as CSV UTF-8"
        complaint += ", without a password" if packed else ""
    elif start.startswith((b"<!doctype", b"<html", b"<?xml")) and not packed:
        complaint = "is a web page or XML, not a table; export it again as CSV"
    if complaint:
        raise refusal(complaint, at=Place(readable.shown), code="feed-kind")


def _comma(feed: Feed) -> None:
    _delimited(feed, feed.part.delimiter)


def _tab(feed: Feed) -> None:
    _delimited(feed, feed.part.delimiter or "\t")


def _delimited(feed: Feed, delimiter: str | None) -> None:
    read_delimited(
        feed.content,
        feed.table,
        feed.findings,
        delimiter=delimiter,
        at=feed.at,
        header_line=feed.part.header,
    )


def _json(feed: Feed) -> None:
    text = decode(feed.content, shown=feed.table.file)
    read_json(text, feed.table, feed.findings, at=feed.at)


def _json_lines(feed: Feed) -> None:
    text = decode(feed.content, shown=feed.table.file)
    read_json_lines(text, feed.table, feed.findings, at=feed.at)


def _yaml(feed: Feed) -> None:
    text = decode(feed.content, shown=feed.table.file)
    read_yaml(text, feed.table, feed.findings, at=feed.at)


def _sheet(feed: Feed) -> None:
    sheet, row = feed.part.sheet, feed.part.header
    read_sheet(feed.content, feed.table, feed.findings, sheet=sheet, header_row=row, at=feed.at)


_READERS: dict[str, Reader] = {
    ".csv": _comma,
    ".tsv": _tab,
    ".xlsx": _sheet,
    ".json": _json,
    ".jsonl": _json_lines,
    ".yaml": _yaml,
    ".yml": _yaml,
}
