"""What a server that speaks OpenAI's wire charged, and its batches, by its own books."""

import json

import apsw

OVER = {"completed", "failed", "expired", "cancelled"}
"""Statuses that a batch never leaves."""


def charged(server):
    """What the server took: (nano-dollars, pictures)."""
    sums = "select coalesce(sum(credits), 0), count(*) from entry where kind = 'capture'"
    return _rows(server, "books.db", sums)[0]


def batches_of(server):
    """Every batch as the server stores it, oldest first."""
    rows = _rows(server, "batches.db", "select value from batch order by number")
    return [json.loads(value) for (value,) in rows]


def are_over(server):
    return all(one["status"] in OVER for one in batches_of(server))


def _rows(server, name, sql):
    books = apsw.Connection(str(server.state / name), flags=apsw.SQLITE_OPEN_READWRITE)
    books.set_busy_timeout(5000)
    try:
        return books.execute(sql).fetchall()
    finally:
        books.close()
