"""The shipped image server in a process of its own, and what it charged by its own account."""

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
UNSETTLED = (
    "select count(*) from entry as r where kind = 'reserve' and not exists"
    " (select 1 from entry where purchase = r.purchase and kind in ('capture', 'release'))"
)


class ServerProcess:
    """A server that somebody else runs; what it charged is read from its database."""

    def __init__(self, state, url, key):
        self.state, self.url, self.key = state, url, key
        self._database = apsw.Connection(str(state / "books.db"), apsw.SQLITE_OPEN_READWRITE)
        self._database.set_busy_timeout(30_000)

    def close(self):
        self._database.close()

    def mark(self):
        """The last entry of its account."""
        return self._database.execute("select coalesce(max(id), 0) from entry").get

    def purchases(self):
        """How many requests were answered or are being answered."""
        return self._database.execute("select count(*) from purchase").get

    def arrivals(self):
        """The times at which requests came that were not refused, in order, in seconds."""
        rows = self._database.execute("select at from purchase order by at")
        return [at for (at,) in rows]

    def wait_until_settled(self):
        """Wait until no request is being answered."""
        while self._database.execute(UNSETTLED).get:
            time.sleep(0.01)

    def charges(self, since=0, *, settled=True):
        """Return (key, credits) of everything that was charged after a mark."""
        if settled:
            self.wait_until_settled()
        return [(key, price) for key, price, _ in self._database.execute(CAPTURES, (since,))]


@contextmanager
def serving(folder, *, honours_keys, faults=None, more=(), files=None):
    """Run `pipeline serve` on ports of its own; `more` words override the others.

    `files`: how many files it may open.
    """
    state = Path(folder)
    words = ["--engine", "none", "--port", "0", "--cdn-port", "0", "--state", str(state)]
    words += ["--idempotency", "replay" if honours_keys else "off", *more]
    if faults is not None:
        rules = state.with_name(f"{state.name}-faults.json")
        rules.write_text(json.dumps(faults))
        words += ["--faults", str(rules)]
    limit = ["/bin/sh", "-c", f'ulimit -n {files} && exec "$@"', "sh"] if files else []
    with subprocess.Popen(
        [*limit, sys.executable, "-m", "pipeline", "serve", *words],
        cwd=state.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(state.parent), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            ready = json.loads(process.stdout.readline())
            server = ServerProcess(state, ready["url"], ready.get("key", ""))
            yield server
            server.close()
        finally:
            process.send_signal(signal.SIGTERM)
