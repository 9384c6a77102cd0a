"""The tables of the credit account, and how they are read; only `credit_account` writes them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from pipeline.errors import LedgerUnusable
from pipeline.imageserver.billing.group_writer import connect
from pipeline.imageserver.billing.purchases import Charge, Released, Reserved, Sold, SoldPicture

_VERSION = 2
_SCHEMA = """
CREATE TABLE account (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, start INTEGER) STRICT;
CREATE TABLE purchase (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, route TEXT NOT NULL, caller TEXT NOT NULL,
  prompt TEXT NOT NULL, size TEXT NOT NULL, quality TEXT NOT NULL, background TEXT NOT NULL,
  n INTEGER NOT NULL, variation TEXT NOT NULL, idempotency_key TEXT,
  model TEXT NOT NULL DEFAULT '', request_id TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE entry (
  id INTEGER PRIMARY KEY, at REAL NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('reserve', 'capture', 'release')),
  purchase INTEGER NOT NULL, credits INTEGER NOT NULL CHECK (credits >= 0)) STRICT;
CREATE UNIQUE INDEX entry_once ON entry (purchase, kind);
CREATE TABLE picture (
  purchase INTEGER NOT NULL, number INTEGER NOT NULL, sha256 TEXT NOT NULL,
  size INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
  renderer TEXT NOT NULL, expires INTEGER NOT NULL, notes TEXT NOT NULL,
  PRIMARY KEY (purchase, number)) STRICT, WITHOUT ROWID;
CREATE TABLE used_key (
  caller TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, purchase INTEGER NOT NULL,
  PRIMARY KEY (caller, key)) STRICT, WITHOUT ROWID;
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry
  BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
CREATE TRIGGER entry_remains BEFORE DELETE ON entry
  BEGIN SELECT RAISE(ABORT, 'the books are append-only'); END;
"""
_FROM_VERSION_1 = """
ALTER TABLE purchase ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE purchase ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
"""


NO_NOTES = "[]"
"""Value of the column `notes` of a picture whose painter says nothing of its prompt."""


def open_account(path: Path) -> apsw.Connection:
    """Open or create the account at this path; one of a newer version is refused."""
    connection = connect(path)
    version = connection.pragma("user_version")
    if version in {0, 1}:
        with connection:
            connection.execute(_FROM_VERSION_1 if version else _SCHEMA)
            connection.pragma("user_version", _VERSION)
    elif version != _VERSION:
        connection.close()
        raise LedgerUnusable(
            f"{path} has version {version} of the credit account; this program reads {_VERSION}"
        )
    return connection


def total_charged(connection: apsw.Connection) -> int:
    """Return the sum of all charges."""
    row = connection.execute("SELECT sum(credits) FROM entry WHERE kind = 'capture'").fetchone()
    return (row and row[0]) or 0


def open_reservations(connection: apsw.Connection) -> dict[int, int]:
    """Return the credits of every purchase that is reserved and neither captured nor released."""
    return dict(
        connection.execute(
            "SELECT purchase, credits FROM entry AS r WHERE kind = 'reserve' AND NOT EXISTS"
            " (SELECT 1 FROM entry WHERE purchase = r.purchase AND kind IN ('capture', 'release'))"
        )
    )


def last_purchase(connection: apsw.Connection) -> int:
    """Return the highest purchase number."""
    row = connection.execute("SELECT max(id) FROM purchase").fetchone()
    return (row and row[0]) or 0


def pictures_of(connection: apsw.Connection, purchase: int) -> tuple[SoldPicture, ...]:
    """Return the pictures of one purchase, in order."""
    rows = connection.execute(
        "SELECT purchase, number, sha256, size, width, height, renderer, expires, notes"
        " FROM picture WHERE purchase = ? ORDER BY number",
        (purchase,),
    )
    return tuple(_picture(*row) for row in rows)


def outcome_of(
    connection: apsw.Connection, purchase: int, *, caller: str
) -> Sold | Reserved | Released | None:
    """Return the outcome of a purchase; None if this caller did not make it."""
    rows: list[Any] = connection.execute(
        "SELECT e.kind, e.at, e.credits FROM entry AS e JOIN purchase AS p ON p.id = e.purchase"
        " WHERE e.purchase = ? AND p.caller = ? ORDER BY e.id DESC LIMIT 1",
        (purchase, caller),
    ).fetchall()
    match rows:
        case [("capture", at, price)]:
            pictures = pictures_of(connection, purchase)
            return Sold(purchase=purchase, at=at, credits=price, pictures=pictures)
        case [("release", _, _)]:
            return Released(purchase=purchase)
        case [("reserve", _, _)]:
            return Reserved(purchase=purchase)
        case _:
            return None


def expired_pictures(connection: apsw.Connection, *, now: float) -> list[str]:
    """Return the SHA-256 of every picture whose URLs have all expired."""
    rows = connection.execute(
        "SELECT sha256 FROM picture GROUP BY sha256 HAVING max(expires) < ?", (now,)
    )
    return [str(sha256) for (sha256,) in rows]


def _picture(  # noqa: PLR0917 - the columns of one row, in their order
    purchase: int,
    number: int,
    sha256: str,
    size: int,
    width: int,
    height: int,
    renderer: str,
    expires: int,
    notes: str,
) -> SoldPicture:
    return SoldPicture(
        purchase=purchase,
        index=number,
        sha256=sha256,
        size=size,
        width=width,
        height=height,
        renderer=renderer,
        expires=expires,
        understood="" if notes == NO_NOTES else notes,
    )


def spent_by_caller(connection: apsw.Connection) -> dict[str, int]:
    """Return the sum of the charges of each key."""
    return dict(
        connection.execute(
            "SELECT caller, sum(credits) FROM entry AS e JOIN purchase AS p ON p.id = e.purchase"
            " WHERE e.kind = 'capture' GROUP BY caller ORDER BY caller"
        )
    )


def charges(
    connection: apsw.Connection,
    *,
    after: int = 0,
    request_id: str | None = None,
    limit: int = -1,
) -> Iterator[Charge]:
    """Yield the charges of later purchases, oldest first; a limit of -1 is none."""
    rows: list[Any] = connection.execute(
        "SELECT p.id, e.at, e.credits, route, caller, prompt, p.size, quality, background, n,"
        " variation, idempotency_key, model, request_id"
        " FROM entry AS e JOIN purchase AS p ON p.id = e.purchase"
        " WHERE e.kind = 'capture' AND p.id > ? AND (? IS NULL OR request_id = ?)"
        " ORDER BY e.id LIMIT ?",
        (after, request_id, request_id, limit),
    ).fetchall()
    names = [field for field in Charge.__dataclass_fields__ if field != "pictures"]
    for row in rows:
        pictures = pictures_of(connection, row[0])
        yield Charge(**dict(zip(names, row, strict=True)), pictures=pictures)
