"""The shipped image server in a process of its own, and what its books say it charged."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import apsw

ROOT = Path(__file__).resolve().parents[2]

CAPTURES = (
    "select purchase.idempotency_key, entry.credits, entry.id from entry"
    " join purchase on purchase.id = entry.purchase"
    " where entry.kind = 'capture' and entry.id > ? order by entry.id"
)
IN_THE_MAKING = (
    "select count(*) from entry as r where kind = 'reserve' and not exists"
    " (select 1 from entry where purchase = r.purchase and kind in ('capture', 'release'))"
)


class Shop:
    """A server that somebody else runs; only its books are believed."""

    def __init__(self, state, url, key):
        self.state, self.url, self.key = state, url, key
        self._books = apsw.Connection(str(state / "books.db"), apsw.SQLITE_OPEN_READWRITE)
        self._books.set_busy_timeout(30_000)

    def close(self):
        self._books.close()

    def mark(self):
        """Where its books end now."""
        return self._books.execute("select coalesce(max(id), 0) from entry").get

    def asked(self):
        """How many requests are being answered or were."""
        return self._books.execute("select count(*) from purchase").get

    def settle(self):
        """Wait until nothing is in the making."""
        while self._books.execute(IN_THE_MAKING).get:
            time.sleep(0.01)

    def charges(self, since=0, *, settled=True):
        """(key, credits) of everything that was charged after a mark."""
        if settled:
            self.settle()
        return [(key, price) for key, price, _ in self._books.execute(CAPTURES, (since,))]


@contextmanager
def serving(folder, *, honours_keys, faults=None, more=()):
    """`pipeline serve` on ports of its own while inside; `more` words have the last say."""
    state = Path(folder)
    words = ["--engine", "none", "--port", "0", "--cdn-port", "0", "--state", str(state)]
    words += ["--idempotency", "replay" if honours_keys else "off", *more]
    if faults is not None:
        rules = state.with_name(f"{state.name}-faults.json")
        rules.write_text(json.dumps(faults))
        words += ["--faults", str(rules)]
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", "serve", *words],
        cwd=state.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(state.parent), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            ready = json.loads(process.stdout.readline())
            shop = Shop(state, ready["url"], ready["key"])
            yield shop
            shop.close()
        finally:
            process.send_signal(signal.SIGTERM)
