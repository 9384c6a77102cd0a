# ruff: noqa: N802 - SQLite names the methods of a file
"""Points at which a run is ended: steps are counted, and the process ends at a chosen one.

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

CRASHED = 137
"""Exit code of a run that was ended at its point."""

OS_CALLS = (
    *("write", "pwrite", "fsync", "rename", "replace", "link", "symlink"),
    *("open", "unlink", "mkdir", "ftruncate"),
)
WRITES = {"write", "pwrite"}


def replace(owner, name, value):
    """Set an attribute that exists; a renamed one would be replaced without any effect."""
    getattr(owner, name)
    setattr(owner, name, value)


def step_name(owner, name):
    """The name of a step, `Class.method` or `module.function`; AttributeError if it is gone."""
    inspect.getattr_static(owner, name)
    return f"{owner.__name__.rpartition('.')[2]}.{name}"


@dataclass(frozen=True, kw_only=True)
class CrashPoint:
    """The `nth` step of all, or of those with this label; 0 is never."""

    nth: int = 0
    label: str = ""
    torn: bool = False
    """True: if the step writes, the first half of its bytes is written."""

    def __str__(self):
        return f"{self.label or 'step'} {self.nth}{' torn' if self.torn else ''}"


class StepWatcher:
    """Counts steps, and ends the process at its point."""

    def __init__(self, point, report_file, *, payment):
        self.point = point
        self.report_file = report_file
        self.payment = payment
        """The name of the step after which the ledger has acknowledged a job's URL."""
        self.steps = []
        self.acknowledged = []
        """Keys of jobs whose URL the ledger has acknowledged."""
        self._counted = 0
        self._lock = threading.RLock()
        self._write, self._open = os.write, os.open

    def step(self, label, write_half=None):
        """Count one more step, and end the process if it is the one."""
        with self._lock:
            self.steps.append(label)
            if self.point.label in {"", label}:
                self._counted += 1
            if self._counted == self.point.nth:
                if self.point.torn and write_half is not None:
                    write_half()
                self.write_report(label)
                os._exit(CRASHED)

    def write_report(self, last=""):
        """Write how far this run got."""
        report = {"last": last, "steps": self.steps, "acknowledged": self.acknowledged}
        file = self._open(self.report_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._write(file, json.dumps(report).encode())

    def watch_os(self):
        """Count what the os module does to the disk."""
        for name in OS_CALLS:
            setattr(os, name, self._os_call(name, getattr(os, name)))

    def _os_call(self, name, original):
        def half(place, content, *rest):
            original(place, bytes(content)[: len(content) // 2], *rest)

        @functools.wraps(original)
        def counted(*args, **kwargs):
            write_half = functools.partial(half, *args) if name in WRITES else None
            self.step(f"os.{name}", write_half)
            return original(*args, **kwargs)

        return counted

    def watch_network(self):
        """Count what goes out to, and comes in from, other processes."""
        for name in ("send", "recv", "connect"):
            setattr(socket.socket, name, self._socket_call(name, getattr(socket.socket, name)))

    def _socket_call(self, name, original):
        def counted(own, content, *rest):
            if own.family in {socket.AF_INET, socket.AF_INET6}:
                write_half = None
                if name == "send":
                    half = bytes(content)[: len(content) // 2]
                    write_half = functools.partial(original, own, half)
                self.step(f"socket.{name}", write_half)
            return original(own, content, *rest)

        return counted

    def watch_sqlite(self):
        """Count what SQLite writes; return the file system, which the caller has to keep."""
        return _WatchedFileSystem(self)

    def watch(self, owner, name):
        """Count a named step before and after it."""
        step = step_name(owner, name)
        setattr(owner, name, self._named_step(step, inspect.getattr_static(owner, name)))

    def _named_step(self, name, original):
        if inspect.iscoroutinefunction(original):

            @functools.wraps(original)
            async def counted(*args, **kwargs):
                self.step(f"before {name}")
                answer = await original(*args, **kwargs)
                if name == self.payment:
                    self.acknowledged.append(args[1].job)
                self.step(f"after {name}")
                return answer

        else:

            @functools.wraps(original)
            def counted(*args, **kwargs):
                self.step(f"before {name}")
                answer = original(*args, **kwargs)
                self.step(f"after {name}")
                return answer

        return counted


class _WatchedFileSystem(apsw.VFS):
    """The usual file system, every write counted."""

    def __init__(self, watcher):
        self.watcher = watcher
        super().__init__("watched", "unix", makedefault=True)

    def xOpen(self, name, flags):
        return _WatchedFile(self.watcher, name, flags)

    def xDelete(self, name, sync):
        self.watcher.step("sqlite.delete")
        return super().xDelete(name, sync)


class _WatchedFile(apsw.VFSFile):
    def __init__(self, watcher, name, flags):
        self.watcher = watcher
        named = name.filename() if isinstance(name, apsw.URIFilename) else str(name or "")
        self.kind = named.rpartition("-")[2] if named.endswith("-wal") else "db"
        super().__init__("unix", name, flags)

    def xWrite(self, content, offset):
        write_half = functools.partial(super().xWrite, content[: len(content) // 2], offset)
        self.watcher.step(f"sqlite.write {self.kind}", write_half)
        return super().xWrite(content, offset)

    def xSync(self, flags):
        self.watcher.step(f"sqlite.sync {self.kind}")
        return super().xSync(flags)

    def xLock(self, level):
        try:
            super().xLock(level)
        except apsw.IOError as error:
            # A reader that closes asks for a lock that it may not have, and ignores the refusal.
            # An exception of a file system in Python is only ignored if it is this one.
            raise apsw.BusyError(str(error)) from error

    def xTruncate(self, size):
        self.watcher.step(f"sqlite.truncate {self.kind}")
        return super().xTruncate(size)
