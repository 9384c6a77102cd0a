"""A feed's file, read by what its name ends in."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import CampaignError
from pipeline.planning.feeds.delimited import read_delimited
from pipeline.planning.feeds.table import Table
from pipeline.planning.grammar.matrix import TablePart
from pipeline.planning.nearest import listing
from pipeline.planning.places import Findings, Place
from pipeline.planning.reading.source import decode, read_bytes

FEED_LIMIT = 512 * 1024 * 1024
"""Largest feed, in bytes."""

Reader = Callable[[bytes, Table, TablePart, Findings, Place], None]


def open_table(
    name: str, part: TablePart, *, path: Path, shown: str, findings: Findings, at: Place
) -> Table | None:
    """The table with its snapshot's hash; what is wrong is noted, and `None` if it cannot be read."""
    keys = (part.key,) if isinstance(part.key, str) else tuple(part.key or ())
    table = Table(name=name, file=shown, columns=(), keys=keys)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        complaint = f"a feed's name ends in {listing(_READERS)}, not {path.suffix or path.name}"
        findings.error(complaint, at=at, code="feed-kind", path=f"data.{name}.source")
        return None
    try:
        content = read_bytes(path, shown=shown, limit=FEED_LIMIT)
        table.sha256 = hashlib.sha256(content).hexdigest()
        reader(content, table, part, findings, at)
    except CampaignError as error:
        for finding in error.findings:
            findings.add(finding)
        return None
    if not table.rows and table.columns:
        findings.error("has a header and no rows", at=Place(shown, 1), code="feed-empty")
    return table if table.columns else None


def _comma(content: bytes, table: Table, part: TablePart, findings: Findings, at: Place) -> None:
    text = decode(content, shown=table.file)
    read_delimited(text, table, findings, delimiter=part.delimiter, at=at)


def _tab(content: bytes, table: Table, part: TablePart, findings: Findings, at: Place) -> None:
    text = decode(content, shown=table.file)
    read_delimited(text, table, findings, delimiter=part.delimiter or "\t", at=at)


_READERS: dict[str, Reader] = {".csv": _comma, ".tsv": _tab}
