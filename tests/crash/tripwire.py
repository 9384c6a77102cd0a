# ruff: noqa: N802 - SQLite names the methods of a file
"""Dying at a chosen instant: every step that could matter is counted, and one is never survived.

Counted are the calls that change the disk (of the os module, and of SQLite through a file system
of our own), the ones that talk to the network, and the named steps of a run. `os._exit` is what
`kill -9` looks like from inside: nothing is flushed, no `finally` runs.
"""

import functools
import inspect
import json
import os
import socket
import threading
from dataclasses import dataclass

import apsw

DEAD = 137

OF_OS = (
    *("write", "pwrite", "fsync", "rename", "replace", "link", "symlink"),
    *("open", "unlink", "mkdir", "ftruncate"),
)
WRITES = {"write", "pwrite"}


@dataclass(frozen=True, kw_only=True)
class Point:
    """An instant: the `nth` step of all, or of those that are called `label`; 0 is never."""

    nth: int = 0
    label: str = ""
    torn: bool = False
    """Where the step writes, half of its bytes still get out."""

    def __str__(self):
        return f"{self.label or 'step'} {self.nth}{' torn' if self.torn else ''}"


class Tripwire:
    """Counts steps, and ends the process at its point."""

    def __init__(self, point, report):
        self.point = point
        self.report = report
        self.steps = []
        self.rendered = []
        """Keys of jobs whose URL the ledger has acknowledged."""
        self._counted = 0
        self._lock = threading.RLock()
        self._write, self._open = os.write, os.open

    def step(self, label, torn=None):
        """One more step; not survived where it is the one."""
        with self._lock:
            self.steps.append(label)
            if self.point.label in {"", label}:
                self._counted += 1
            if self._counted == self.point.nth:
                if self.point.torn and torn is not None:
                    torn()
                self.tell(label)
                os._exit(DEAD)

    def tell(self, last=""):
        """Leave word of how far this life got."""
        told = {"last": last, "steps": self.steps, "rendered": self.rendered}
        file = self._open(self.report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._write(file, json.dumps(told).encode())

    def watch_os(self):
        """Count what the os module does to the disk."""
        for name in OF_OS:
            setattr(os, name, self._counting(name, getattr(os, name)))

    def _counting(self, name, original):
        def half(place, content, *rest):
            original(place, bytes(content)[: len(content) // 2], *rest)

        @functools.wraps(original)
        def counted(*args, **kwargs):
            torn = functools.partial(half, *args) if name in WRITES else None
            self.step(f"os.{name}", torn)
            return original(*args, **kwargs)

        return counted

    def watch_network(self):
        """Count what goes out to, and comes in from, other processes."""
        for name in ("send", "recv", "connect"):
            setattr(socket.socket, name, self._listening(name, getattr(socket.socket, name)))

    def _listening(self, name, original):
        def counted(own, content, *rest):
            if own.family in {socket.AF_INET, socket.AF_INET6}:
                torn = None
                if name == "send":
                    torn = functools.partial(original, own, bytes(content)[: len(content) // 2])
                self.step(f"socket.{name}", torn)
            return original(own, content, *rest)

        return counted

    def watch_sqlite(self):
        """Count what SQLite writes; returns the file system, which must be kept."""
        return _CountedFiles(self)

    def watch(self, owner, name):
        """Count a named step before and after it."""
        called = f"{owner.__name__.rpartition('.')[2]}.{name}"
        setattr(owner, name, self._named(called, inspect.getattr_static(owner, name)))

    def _named(self, called, original):
        if inspect.iscoroutinefunction(original):

            @functools.wraps(original)
            async def counted(*args, **kwargs):
                self.step(f"before {called}")
                answer = await original(*args, **kwargs)
                if called == "SqliteLedger.paid":
                    self.rendered.append(args[1].job)
                self.step(f"after {called}")
                return answer

        else:

            @functools.wraps(original)
            def counted(*args, **kwargs):
                self.step(f"before {called}")
                answer = original(*args, **kwargs)
                self.step(f"after {called}")
                return answer

        return counted


class _CountedFiles(apsw.VFS):
    """The usual file system with an eye on it."""

    def __init__(self, wire):
        self.wire = wire
        super().__init__("counted", "unix", makedefault=True)

    def xOpen(self, name, flags):
        return _CountedFile(self.wire, name, flags)

    def xDelete(self, name, sync):
        self.wire.step("sqlite.delete")
        return super().xDelete(name, sync)


class _CountedFile(apsw.VFSFile):
    def __init__(self, wire, name, flags):
        self.wire = wire
        named = name.filename() if isinstance(name, apsw.URIFilename) else str(name or "")
        self.kind = named.rpartition("-")[2] if named.endswith("-wal") else "db"
        super().__init__("unix", name, flags)

    def xWrite(self, content, offset):
        torn = functools.partial(super().xWrite, content[: len(content) // 2], offset)
        self.wire.step(f"sqlite.write {self.kind}", torn)
        return super().xWrite(content, offset)

    def xSync(self, flags):
        self.wire.step(f"sqlite.sync {self.kind}")
        return super().xSync(flags)

    def xLock(self, level):
        try:
            super().xLock(level)
        except apsw.IOError as error:
            # Closing a reader asks for a lock that it may not have, and shrugs. An exception of
            # a file system in Python would not be shrugged off, except for this one.
            raise apsw.BusyError(str(error)) from error

    def xTruncate(self, size):
        self.wire.step(f"sqlite.truncate {self.kind}")
        return super().xTruncate(size)
