"""What was charged, for whoever wants to hold it against their own account."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from pipeline.engine.accounts import Capture
from pipeline.engine.tables import pictures_of


def captures(connection: apsw.Connection) -> Iterator[Capture]:
    """Everything that was charged, oldest first."""
    rows: list[Any] = connection.execute(
        "SELECT p.id, e.at, e.credits, route, caller, prompt, p.size, quality, background, n,"
        " variation, idempotency_key FROM entry AS e JOIN purchase AS p ON p.id = e.purchase"
        " WHERE e.kind = 'capture' ORDER BY e.id"
    ).fetchall()
    names = [field for field in Capture.__dataclass_fields__ if field != "pictures"]
    for row in rows:
        pictures = pictures_of(connection, row[0])
        yield Capture(**dict(zip(names, row, strict=True)), pictures=pictures)


def audit(books: Path) -> tuple[Capture, ...]:
    """Everything that the books in this file charged, read from outside of the server."""
    connection = apsw.Connection(str(books), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(10_000)
    try:
        return tuple(captures(connection))
    finally:
        connection.close()
