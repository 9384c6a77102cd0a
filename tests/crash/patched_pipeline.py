# ruff: noqa: N802 - SQLite names the methods of a file
"""`pipeline` with faults of tests: `python patched_pipeline.py OPTION… -- run FILE …`.

--doubts N        unanswered requests in a row that open the circuit; 0: it stays closed
--throttles S     seconds of patience with a provider that throttles
--ledger-eio N    after N syncs of its journal the ledger's disk fails
--images-eio N    after N syncs the disk of everything else fails
--clock S         the wall clock is off by so many seconds
--lease S         a run on a shared ledger counts as dead after so many seconds of silence
--patience S      seconds for which a shared ledger that went away is waited for
--ask-twice       every request is sent twice, as a cluster repeats what it lost the answer to
--no-network      any use of a socket to another process is a bug: exit 98
"""

import argparse
import dataclasses
import errno
import os
import socket
import sys
import time
from datetime import datetime, timedelta

import apsw
from crash_points import replace

from pipeline.app.open import late
from pipeline.cli import flags
from pipeline.cli import main as command_line
from pipeline.ledger.sqlite import group_commit
from pipeline.model.providers.profile import Dedupe
from pipeline.providers.gptimage import GptImage
from pipeline.providers.names import GPTIMAGE
from pipeline.providers.profiles import PROFILES


class FailingFiles(apsw.VFS):
    """SQLite's files on a disk that fails after so many syncs, and from then on."""

    def __init__(self, after):
        self.left = after
        super().__init__("failing", "unix", makedefault=True)

    def xOpen(self, name, flags):
        return FailingFile(self, name, flags)


class FailingFile(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self.disk = disk
        super().__init__("unix", name, flags)

    def xLock(self, level):
        try:
            super().xLock(level)
        except apsw.IOError as error:
            raise apsw.BusyError(str(error)) from error

    def xSync(self, flags):
        self.disk.left -= 1
        if self.disk.left < 0:
            raise apsw.IOError("Input/output error")
        return super().xSync(flags)


def end_faults_at_close(disk):
    """Stop failing when the ledger closes: SQLite ignores a failed sync then, apsw would not."""
    original = group_commit.GroupCommit.close

    async def close(writer):
        disk.left = sys.maxsize
        await original(writer)

    replace(group_commit.GroupCommit, "close", close)


def fail_syncs(after):
    """Let `os.fsync` fail after so many calls."""
    original, left = os.fsync, [after]

    def fsync(file):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        original(file)

    os.fsync = fsync


def shift_clock(seconds):
    """Let every module of the pipeline read a clock that is wrong."""

    class ShiftedClock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(seconds=seconds)

    for name, module in list(sys.modules.items()):
        if name.startswith("pipeline.") and getattr(module, "datetime", None) is datetime:
            module.datetime = ShiftedClock
    right = time.time
    time.time = lambda: right() + seconds


def shorten_leases(seconds):
    """Let runs on a shared ledger be followed sooner."""
    leases = late("ledger.postgres.leases")
    leases.LEASE, leases.RENEWAL = seconds, seconds / 4
    late("ledger.postgres.group_commit").PostgresGroupCommit.pause = seconds / 8


def shorten_patience(seconds):
    """Wait for a shared ledger for another time."""
    for module in ("group_commit", "pace", "read_only"):
        late(f"ledger.postgres.{module}").PATIENCE = seconds


def ask_twice():
    """Send every request twice, under the same permit."""
    original = GptImage.submit

    async def submit(provider, request, *, key, seal):
        await original(provider, request, key=key, seal=seal)
        return await original(provider, request, key=key, seal=seal)

    replace(GptImage, "submit", submit)


def forbid_network():
    """End the process when it connects anywhere."""

    def connect(*_arguments):
        os._exit(98)

    socket.socket.connect = connect


def honour_keys():
    """Tell the client that this API honours idempotency keys, as the embedded server does."""
    profile = PROFILES[GPTIMAGE]
    caps = dataclasses.replace(profile.caps, dedupe=Dedupe.KEY)
    PROFILES[GPTIMAGE] = dataclasses.replace(profile, caps=caps)


def break_what_is_kept(options):
    """Let disks fail; return what has to live as long as the process."""
    file_system = None
    if options.ledger_eio is not None:
        file_system = FailingFiles(options.ledger_eio)
        end_faults_at_close(file_system)
    if options.images_eio is not None:
        fail_syncs(options.images_eio)
    return file_system


def break_what_is_shared(options):
    """Change what several coordinators rely on."""
    if options.lease is not None:
        shorten_leases(options.lease)
    if options.patience is not None:
        shorten_patience(options.patience)
    if options.ask_twice:
        ask_twice()


def main(words):
    """Apply the options, then run `pipeline`."""
    split = words.index("--")
    parser = argparse.ArgumentParser(prog="patched_pipeline")
    parser.add_argument("--doubts", type=int)
    parser.add_argument("--throttles", type=float)
    parser.add_argument("--keys-honoured", action="store_true")
    parser.add_argument("--ledger-eio", type=int)
    parser.add_argument("--images-eio", type=int)
    parser.add_argument("--clock", type=float)
    parser.add_argument("--lease", type=float)
    parser.add_argument("--patience", type=float)
    parser.add_argument("--ask-twice", action="store_true")
    parser.add_argument("--no-network", action="store_true")
    options = parser.parse_args(words[:split])
    late("app.run.session")
    original = flags.read_settings

    def read_settings():
        settings = original()
        rendering = settings.rendering
        if options.doubts is not None:
            rendering = dataclasses.replace(rendering, doubts_in_a_row=options.doubts)
        if options.throttles is not None:
            rendering = dataclasses.replace(rendering, throttle_patience=options.throttles)
        return dataclasses.replace(settings, rendering=rendering)

    replace(flags, "read_settings", read_settings)
    if options.keys_honoured:
        honour_keys()
    file_system = break_what_is_kept(options)
    break_what_is_shared(options)
    if options.clock is not None:
        shift_clock(options.clock)
    if options.no_network:
        forbid_network()
    code = command_line.main(words[split + 1 :])
    del file_system
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
